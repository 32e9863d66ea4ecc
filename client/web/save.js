/** A file for the person to keep, as if they had clicked on a link to it. @param {Blob} blob @param {string} name */
export function saveAs(blob, name) {
  const url = URL.createObjectURL(blob);
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  // The download reads it a moment later, in some programs.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
