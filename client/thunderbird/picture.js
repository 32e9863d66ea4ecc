// The picture on a card of ours: the first letter of a name, or the person's own photo, and the status as a shape near the middle, where the round mask of lists
// does not cut it off. Ours end with a word of ours, which no program that draws a PNG looks at: so a photo that the person chose is known from one of ours.

const SIZE = 96;
const DOT = { x: 70, y: 70, radius: 15 };
const MARK = 'starling picture';
/** Of a photo: its pixels, and what is drawn of it. */
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_SIDE = 300;
const COLOURS = { online: '#1a7f37', away: '#9a6700', busy: '#c0362c', offline: '#57606a', unknown: '#57606a' };

/** @type {Map<string, Promise<File>>} */
const made = new Map();
const MOST = 500;

/** @param {string} name @param {string} presence @returns {Promise<File>} PNG, 96 by 96 */
export function picture(name, presence) {
  const letter = ([...name.trim()][0] ?? '?').toLocaleUpperCase();
  const key = `${letter} ${hue(name)} ${presence}`;
  let there = made.get(key);
  if (!there) {
    if (made.size >= MOST) made.clear();
    there = draw(letter, hue(name), presence);
    made.set(key, there);
  }
  return there;
}

/** One of twelve, always the same for a name. @param {string} name */
function hue(name) {
  let sum = 0;
  for (const c of name) sum = (sum * 31 + (c.codePointAt(0) ?? 0)) >>> 0;
  return (sum % 12) * 30;
}

/** @param {string} letter @param {number} hue @param {string} presence @returns {Promise<File>} */
async function draw(letter, hue, presence) {
  const canvas = new OffscreenCanvas(SIZE, SIZE);
  const at = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
  at.fillStyle = `hsl(${hue} 45% 38%)`;
  at.fillRect(0, 0, SIZE, SIZE);
  at.fillStyle = '#fff';
  at.font = '600 44px sans-serif';
  at.textAlign = 'center';
  at.textBaseline = 'middle';
  at.fillText(letter, SIZE / 2 - 6, SIZE / 2 - 4);
  status(at, presence);
  return ours(canvas);
}

/** @param {OffscreenCanvas} canvas @returns {Promise<File>} */
async function ours(canvas) {
  return new File([await canvas.convertToBlob({ type: 'image/png' }), MARK], 'status.png', { type: 'image/png' });
}

/** Whether we drew it. @param {Blob} photo */
export const isOurs = async (photo) => (await photo.slice(-MARK.length).text()) === MARK;

/** The person's own photo, with the status. @param {Blob} photo @param {string} presence @returns {Promise<File | null>} null: cannot be read, and is left alone */
export async function over(photo, presence) {
  if (photo.size > MAX_BYTES) return null;
  const image = await createImageBitmap(photo).catch(() => null);
  if (!image) return null;
  const side = Math.min(image.width, image.height);
  const size = Math.min(MAX_SIDE, Math.max(SIZE, side));
  const canvas = new OffscreenCanvas(size, size);
  const at = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
  at.drawImage(image, (image.width - side) / 2, (image.height - side) / 2, side, side, 0, 0, size, size);
  image.close();
  at.scale(size / SIZE, size / SIZE);
  at.textAlign = 'center';
  at.textBaseline = 'middle';
  status(at, presence);
  return ours(canvas);
}

/** Shape and colour: UI.md's marks. @param {OffscreenCanvasRenderingContext2D} at @param {string} presence */
function status(at, presence) {
  const { x, y, radius } = DOT;
  const disc = (/** @type {number} */ r, /** @type {string} */ colour) => {
    at.fillStyle = colour;
    at.beginPath();
    at.arc(x, y, r, 0, 2 * Math.PI);
    at.fill();
  };
  const colour = COLOURS[/** @type {keyof typeof COLOURS} */ (presence)] ?? COLOURS.unknown;
  disc(radius + 3, '#fff');
  disc(radius, colour);
  if (presence === 'offline') disc(radius - 5, '#fff');
  if (presence === 'away') {
    at.fillStyle = '#fff';
    at.beginPath();
    at.arc(x, y, radius - 4, Math.PI / 2, (3 * Math.PI) / 2);
    at.fill();
  }
  if (presence === 'busy') {
    at.fillStyle = '#fff';
    at.fillRect(x - 8, y - 2.5, 16, 5);
  }
  if (presence === 'unknown') {
    at.fillStyle = '#fff';
    at.font = '700 20px sans-serif';
    at.fillText('?', x, y + 1);
  }
}
