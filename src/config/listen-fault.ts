/** What is wrong when a port cannot be opened, by the variable that names it; null when the error is about something else. */
export function listenFault(error: unknown, place: { variable: 'PORT' | 'SANDBOX_PORT'; port: number }): string | null {
  if (!isListenError(error)) return null;
  const { variable, port } = place;
  const off = variable === 'SANDBOX_PORT' ? ', or set SANDBOX to off' : '';
  switch (error.code) {
    case 'EADDRINUSE':
      return `${variable} ${port} is in use; set another${off}`;
    case 'EACCES':
      return `${variable} ${port} may not be opened by this user; set one from 1024 up${off}`;
    default:
      return `${variable} ${port} cannot be opened (${error.code})${off}`;
  }
}

function isListenError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && error.syscall === 'listen' && 'code' in error;
}
