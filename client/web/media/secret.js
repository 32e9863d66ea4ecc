// What couples this page with Thunderbird stands behind the # of its address, which goes to no server; it is taken out before anything else runs.
const fragment = location.hash.slice(1);
history.replaceState(null, '', location.pathname);

/** 32 bytes in base64url, '' when there is none. */
export const secret = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(fragment) ? fragment : '';
