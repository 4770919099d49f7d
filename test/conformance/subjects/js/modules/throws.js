// Throws while it is imported.

throw new RangeError('no model file');
