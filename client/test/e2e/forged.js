// Mails that look like those of the CA of the tests.
export const CA = 'acme@ca.example';

/** @param {string} address  of whom the mail seems to be for @param {string} code @param {{from?: string, to?: string, more?: string[], automatic?: string, body?: string}} [how] */
export function forgedFor(
  address,
  code,
  { from = CA, to = address, more = [], automatic = 'auto-generated; type=acme', body } = {},
) {
  const head = [
    ...[
      `From: ${from}`,
      `To: ${to}`,
      `Subject: ACME: ${code}`,
      `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    ],
    ...[`Message-ID: <${Math.random().toString(36).slice(2)}@ca.example>`, `Auto-Submitted: ${automatic}`],
    ...['MIME-Version: 1.0', ...more],
  ];
  return `${head.join('\r\n')}\r\n\r\n${body ?? code}\r\n`;
}
