// The error of the port: PyTorch's exception type and message text. It decides nothing.

/** Python's exception classes that PyTorch's norms raise. */
export type TorchErrorType =
  | 'AssertionError'
  | 'AttributeError'
  | 'IndexError'
  | 'NotImplementedError'
  | 'RuntimeError'
  | 'TypeError'
  | 'ValueError'
  | 'ZeroDivisionError';

/** What PyTorch refuses, the port refuses with this. `type` is the Python class, `message` the same words as torch 2.13. */
export class TorchError extends Error {
  readonly type: TorchErrorType;

  constructor(type: TorchErrorType, message: string) {
    super(message);
    this.name = 'TorchError';
    this.type = type;
  }
}
