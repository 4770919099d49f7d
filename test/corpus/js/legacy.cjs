// Norms as they were written before there were classes.
'use strict';

function BatchNorm1d(size, opts) {
  opts = opts || {};
  this.momentum = opts.momentum === undefined ? 0.1 : opts.momentum;
  this.eps = opts.eps || 1e-4;
  this.training = true;
  this.weight = [];
  this.bias = [];
  this.running_mean = [];
  this.running_var = [];
  for (var i = 0; i < size; i++) {
    this.weight.push(1);
    this.bias.push(0);
    this.running_mean.push(0);
    this.running_var.push(1);
  }
}

BatchNorm1d.prototype.forward = function (x) {
  var self = this;
  var n = x.length;
  var y = x.map(function (row) {
    return row.slice();
  });
  this.weight.forEach(function (w, c) {
    var mean = self.running_mean[c];
    var variance = self.running_var[c];
    if (self.training) {
      mean = 0;
      for (var i = 0; i < n; i++) mean += x[i][c] / n;
      variance = 0;
      for (var j = 0; j < n; j++) variance += Math.pow(x[j][c] - mean, 2) / n;
      self.running_mean[c] = (1 - self.momentum) * self.running_mean[c] + self.momentum * mean;
      self.running_var[c] = (1 - self.momentum) * self.running_var[c] + self.momentum * variance;
    }
    for (var k = 0; k < n; k++) y[k][c] = ((x[k][c] - mean) / Math.sqrt(variance + self.eps)) * w + self.bias[c];
  });
  return y;
};

/** The eps argument means its square root's. */
function layerNorm(x, gamma, beta, options) {
  var eps = Object.assign({ eps: 1e-5 }, options).eps;
  return x.map(function (row) {
    var mean =
      row.reduce(function (a, b) {
        return a + b;
      }, 0) / row.length;
    var sq =
      row.reduce(function (a, b) {
        return a + b * b;
      }, 0) / row.length;
    return row.map(function (v, i) {
      return (gamma[i] * (v - mean)) / Math.sqrt(sq + eps) + beta[i];
    });
  });
}

/** Statistics of a column, whatever it was. */
var standardize = function (x) {
  return x.map(function (row) {
    return row.map(function (_, c) {
      var column = x.map(function (r) {
        return r[c];
      });
      var mean =
        column.reduce(function (a, b) {
          return a + b;
        }, 0) / column.length;
      var sd = Math.sqrt(
        column.reduce(function (a, b) {
          return a + (b - mean) * (b - mean);
        }, 0) / column.length,
      );
      return (row[c] - mean) / sd;
    });
  });
};

exports.BatchNorm1d = BatchNorm1d;
exports.layerNorm = layerNorm;
exports.batchNormColumns = standardize;
