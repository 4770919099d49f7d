"""A norm with given departures, computed from their words alone: the plainest formula for each. It reads no subject's source and shares no code with the diagnosis."""

from __future__ import annotations

import torch

LETTERS = {2: "NC", 3: "NCL", 4: "NCHW", 5: "NCDHW"}


class Truth:
    """`findings` as an expectation has them; `rank` of the input; `size` the constructor's size; `groups` for GroupNorm."""

    def __init__(self, layer, findings, rank, size, groups=1, momentum=None, tracked=False, pixel=False):
        self.layer, self.f, self.rank, self.groups = layer, dict(findings), rank, groups
        self.size = tuple(size) if isinstance(size, (tuple, list)) else (size,)
        self.batch = layer.startswith("BatchNorm")
        self.pixel = pixel
        eps = torch.finfo(torch.float64).eps if layer == "RMSNorm" else 1e-5
        self.eps = self.f.get("eps.value", eps)
        default = self.f.get("momentum.default", 0.1)
        self.m = default if momentum is None else momentum
        self.tracks = (self.batch or tracked) and self.get("statistics.eval", "running") == "running"
        self.count = 0
        if self.tracks:
            c = self.size[0]
            start = {"variance-zero": (0.0, 0.0), "swapped": (1.0, 0.0)}.get(self.f.get("running.initial"), (0.0, 1.0))
            self.rm = torch.full((c,), start[0], dtype=torch.float64)
            self.rv = torch.full((c,), start[1], dtype=torch.float64)
            self.hidden = torch.zeros(2, c, dtype=torch.float64)

    def get(self, axis, plain):
        return self.f.get(axis, plain)

    def __call__(self, x, weight, bias, training):
        place = self.get("channel.axis", "1")
        if place == "-1":
            return self.normalise(x.movedim(-1, 1), weight, bias, training).movedim(1, -1)
        if place == "0":
            return self.normalise(x.movedim(0, 1), weight, bias, training).movedim(1, 0)
        if place == "flattened":
            flat = x.reshape(-1, self.size[0])
            return self.normalise(flat, weight, bias, training).reshape(x.shape)
        return self.normalise(x, weight, bias, training)

    # --- internal ---

    def normalise(self, x, weight, bias, training):
        mean, var = self.statistics(x)
        if self.tracks:
            mean, var = self.running(x, mean, var, training)
        if self.get("gradient.statistics", "differentiated") == "detached":
            mean, var = mean.detach(), var.detach()
        subtracted = self.get("mean.subtracted", "no" if self.layer == "RMSNorm" else "yes")
        z = x - mean if subtracted in ("yes", "from-output-only") else x
        z = z / self.denominator(var, x)
        return self.affine(z, weight, bias)

    def axes(self, x):
        letters = LETTERS[x.dim()]
        if "axes.reduction" in self.f:
            wanted = self.f["axes.reduction"]
            return list(range(x.dim())) if wanted == "all" else [letters.index(a) for a in wanted.split(",")]
        if self.batch:
            return [0, *range(2, x.dim())]
        if self.layer.startswith("InstanceNorm"):
            return list(range(2, x.dim()))
        if self.layer == "GroupNorm":
            return list(range(1, x.dim()))
        trailing = len(self.size) if not self.on_axis_one() else x.dim() - 1
        return list(range(x.dim() - trailing, x.dim()))

    def on_axis_one(self):
        """A LayerNorm of images whose size is the channels' is held against (C, H, W)."""
        return self.layer in ("LayerNorm", "RMSNorm") and self.pixel

    def statistics(self, x):
        """Mean and variance, as broad as x, by the words of mean.subtracted, variance.normalization and axes."""
        g = self.groups if self.layer == "GroupNorm" else 1
        if g == 1 or "axes.reduction" in self.f:
            return [s.expand(x.shape) for s in self.moments(x, self.axes(x))]
        n, c = x.shape[:2]
        if self.get("groups.layout", "contiguous") == "interleaved":
            y = x.reshape(n, c // g, g, -1).transpose(1, 2)
            back = lambda s: s.expand(y.shape).transpose(1, 2).reshape(x.shape)
        else:
            y = x.reshape(n, g, c // g, -1)
            back = lambda s: s.expand(y.shape).reshape(x.shape)
        return [back(s) for s in self.moments(y, [2, 3])]

    def moments(self, x, axes):
        count = 1
        for a in axes:
            count *= x.shape[a]
        mean = x.mean(axes, keepdim=True)
        subtracted = self.get("mean.subtracted", "no" if self.layer == "RMSNorm" else "yes")
        centre = mean if subtracted in ("yes", "from-variance-only") else 0.0
        square = ((x - centre) ** 2).sum(axes, keepdim=True)
        kind = self.get("variance.normalization", "biased")
        if kind == "second-moment":
            return mean, (x**2).mean(axes, keepdim=True)
        self.ratio = count / (count - 1) if count > 1 else float("nan")
        self.tracked_square = square / count
        return mean, square / (count - 1) if kind == "unbiased" else square / count

    def denominator(self, var, x):
        kind, e = self.get("eps.placement", "inside-sqrt"), self.eps
        if kind == "inside-sqrt":
            return torch.sqrt(var + e)
        if kind == "outside-sqrt":
            return torch.sqrt(var) + e
        if kind == "max":
            return torch.clamp(torch.sqrt(var), min=e)
        if kind == "absent":
            return torch.sqrt(var)
        if kind == "squared":
            return torch.sqrt(var + e * e)
        raise KeyError(kind)

    def affine(self, z, weight, bias):
        form = self.get("affine.form", "weight*x+bias")
        w, b = self.entries(weight, z), self.entries(bias, z)
        if form == "one-plus-weight":
            w = None if w is None else 1 + w
        if form in ("ignored", "none"):
            w = b = None
        if form == "forced-one" or form == "bias-only":
            w = None
        if form == "weight-only":
            b = None
        if form == "bias-before-weight":
            return (z + b) * w
        z = z if w is None else z * w
        return z if b is None else z + b

    def entries(self, p, z):
        if p is None:
            return None
        p = p.reshape(-1)
        if p.numel() == 1:
            return p
        shape = self.get("affine.shape", None)
        if shape == "G":
            return p.repeat_interleave(z.shape[1] // self.groups).reshape(1, -1, *[1] * (z.dim() - 2))
        if shape == "last-axis":
            return p
        if self.layer in ("LayerNorm", "RMSNorm") and shape is None:
            return p.reshape(self.size) if not self.on_axis_one() else p.reshape(z.shape[1:])
        return p.reshape(1, -1, *[1] * (z.dim() - 2))

    def running(self, x, mean, var, training):
        """What stands for mean and variance in this step; the buffers are moved."""
        pick = (0, slice(None)) + (0,) * (x.dim() - 2)
        before = self.rm.clone(), self.variance()
        if not self.batch:  # one statistic per sample: their average is tracked
            pick = (slice(None), slice(None)) + (0,) * (x.dim() - 2)
        if training or self.get("running.update-in-eval", "no") == "yes":
            biased = self.tracked_square.expand(x.shape)[pick].detach()
            spread = biased if self.get("variance.running", "unbiased") == "biased" else biased * self.ratio
            tracked = self.get("running.tracked", "variance")
            if not self.batch:
                spread = spread.mean(0)
            spread = spread**0.5 if tracked == "std" else (spread + self.eps) ** -0.5 if tracked == "inverse-std" else spread
            centre = mean[pick].detach()
            self.update(centre if self.batch else centre.mean(0), spread)
        wanted = self.get("statistics.train", "batch")
        if training and wanted == "batch":
            return mean, var
        rm, rv = (self.rm.clone(), self.variance()) if training and wanted == "running-after-update" else before
        if not training and self.get("running.update-in-eval", "no") == "after":
            rm, rv = self.rm.clone(), self.variance()
        wide = (1, -1) + (1,) * (x.dim() - 2)
        return rm.reshape(wide).expand(x.shape), rv.reshape(wide).expand(x.shape)

    def variance(self):
        tracked = self.get("running.tracked", "variance")
        return self.rv**2 if tracked == "std" else self.rv**-2 - self.eps if tracked == "inverse-std" else self.rv.clone()

    def update(self, mean, spread):
        rule, m = self.get("momentum.rule", "new-weight"), self.m
        self.count += 1
        if rule == "never-updated":
            return
        if rule == "overwritten" or (rule == "first-step-copies" and self.count == 1):
            self.rm, self.rv = mean, spread
            return
        if rule == "zero-debiased":
            self.hidden = (1 - m) * self.hidden + m * torch.stack([mean, spread])
            self.rm, self.rv = self.hidden / (1 - (1 - m) ** self.count)
            return
        share = 1 / self.count if rule == "cumulative" else 1 - m if rule == "old-weight" else m
        self.rm = (1 - share) * self.rm + share * mean
        self.rv = (1 - share) * self.rv + share * spread
