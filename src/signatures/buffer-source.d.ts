/** The name of a browser's type that the declarations of structured-headers use, and that Node's do not have. */
type BufferSource = ArrayBuffer | ArrayBufferView
