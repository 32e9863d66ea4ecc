// The browser's WebRTC as the core's MediaEngine: audio only; a microphone is opened only when somebody speaks.
import { StarlingError } from '../core/errors.js';

/** So long for a first candidate, which then travels in the description: the others follow it. */
const FIRST_MILLIS = 20;
const GATHER_MILLIS = 200;
/** Where none can follow. So long for the first relay: without one some are never heard. */
const RELAY_MILLIS = 1500;
/** So long for all else then: one relay is enough. */
const OTHERS_MILLIS = 50;
/** So long a call waits no more for relays when none answered. */
const SILENT_MILLIS = 120_000;
/** Of a key of a telephone: no machine misses it, and nobody types faster. */
const TONE_MILLIS = 120;
const PAUSE_MILLIS = 70;
/** So long a refused microphone is not spoken of: Firefox refuses it, too, to a page that is just being closed, and then nobody blocked it. */
const CLOSING_MILLIS = 300;

/** @param {HTMLAudioElement} far  where the other side is heard @returns {import('../core/types.js').MediaEngine} */
export function createMediaEngine(far) {
  return {
    create: async ({ relays = [] } = {}) => makeLeg(far, relays),
    async microphones() {
      const devices = await navigator.mediaDevices.enumerateDevices();
      return devices
        .filter((d) => d.kind === 'audioinput' && d.deviceId !== 'default')
        .map((d, i) => ({ id: d.deviceId, label: d.label || `#${i + 1}` }));
    },
  };
}

/** Until then no relay is waited for: none answered a moment ago (performance.now). */
let silentUntil = 0;

/** @param {RTCIceServer[]} relays */
function opened(relays) {
  const how = /** @type {const} */ ({ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' });
  try {
    return new RTCPeerConnection({ ...how, iceServers: relays });
  } catch {
    // A relay that the browser does not understand is no reason to be silent.
    return new RTCPeerConnection(how);
  }
}

/** @param {HTMLAudioElement} far @param {RTCIceServer[]} relays @returns {import('../core/types.js').MediaLeg} */
function makeLeg(far, relays) {
  const connection = opened(relays);
  /** @type {MediaStreamTrack | null} */
  let microphone = null;
  let muted = false;
  let closed = false;
  /** @type {MediaStream | null} */
  let heard = null;
  let speaking = false;

  // Nobody is heard before the call is accepted, and of several devices that ring only the one that answered.
  function listen() {
    if (!heard || !speaking || closed) return;
    if (far.srcObject !== heard) far.srcObject = heard;
    far.play().catch(() => {});
  }
  connection.ontrack = (event) => {
    heard = event.streams[0] ?? new MediaStream([event.track]);
    listen();
  };

  /** All candidates, or what is there in time, for somebody who takes none later. */
  async function gathered() {
    await new Promise((resolve) => {
      const done = () => resolve(undefined);
      const look = () => connection.iceGatheringState === 'complete' && done();
      const patient = relays.length > 0 && performance.now() >= silentUntil;
      setTimeout(done, patient ? RELAY_MILLIS : GATHER_MILLIS);
      connection.addEventListener('icegatheringstatechange', look);
      connection.addEventListener('icecandidate', ({ candidate }) => {
        if (candidate?.type !== 'relay') return;
        silentUntil = 0;
        setTimeout(done, OTHERS_MILLIS);
      });
      look();
    });
    if (relays.length && !/ typ relay/.test(connection.localDescription?.sdp ?? ''))
      silentUntil = performance.now() + SILENT_MILLIS;
  }

  const first = () =>
    new Promise((resolve) => {
      if (/^a=candidate:/m.test(connection.localDescription?.sdp ?? '')) return resolve(undefined);
      connection.addEventListener('icecandidate', resolve, { once: true });
      setTimeout(resolve, FIRST_MILLIS);
    });

  /** Our description, as it may be sent. @param {{whole: boolean}} how */
  async function described({ whole }) {
    await (whole ? gathered() : first());
    const { sdp } = /** @type {RTCSessionDescription} */ (connection.localDescription);
    const said = connection.iceGatheringState !== 'complete' || /^a=end-of-candidates/m.test(sdp);
    return said ? sdp : `${sdp}a=end-of-candidates\r\n`;
  }

  const sender = () => connection.getTransceivers()[0]?.sender;

  // What has begun to sound is let end: whoever gives it again with what came since may have it sound twice.
  let pressed = '';
  let sounding = false;
  function sound(/** @type {RTCDTMFSender} */ dtmf) {
    sounding = pressed !== '';
    if (sounding) dtmf.insertDTMF(pressed, TONE_MILLIS, PAUSE_MILLIS);
    pressed = '';
  }

  /** @param {string} id @param {boolean} first */
  async function open(id, first) {
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: id ? { deviceId: { exact: id } } : true });
    } catch (e) {
      const name = /** @type {Error} */ (e).name;
      if (name === 'OverconstrainedError' && id) return open('', first);
      if (name === 'NotFoundError') throw new StarlingError('microphone.none');
      await new Promise((resolve) => setTimeout(resolve, CLOSING_MILLIS));
      throw new StarlingError('microphone.blocked');
    }
    const [track] = stream.getAudioTracks();
    if (closed) return track.stop();
    microphone?.stop();
    microphone = track;
    track.enabled = !muted;
    await sender()?.replaceTrack(track);
  }

  return {
    async offer(how) {
      connection.addTransceiver('audio', { direction: 'sendrecv' });
      await connection.setLocalDescription(await connection.createOffer());
      return described(how);
    },
    async answer(offer, how) {
      await connection.setRemoteDescription({ type: 'offer', sdp: offer });
      const [transceiver] = connection.getTransceivers();
      if (transceiver) transceiver.direction = 'sendrecv';
      await connection.setLocalDescription(await connection.createAnswer());
      return described(how);
    },
    accept: (answer) => connection.setRemoteDescription({ type: 'answer', sdp: answer }),
    async restart(how) {
      await connection.setLocalDescription(await connection.createOffer({ iceRestart: true }));
      return described(how);
    },
    async undo() {
      if (connection.signalingState === 'have-local-offer') await connection.setLocalDescription({ type: 'rollback' });
      if (connection.signalingState === 'have-remote-offer')
        await connection.setRemoteDescription({ type: 'rollback' });
    },
    use(servers) {
      try {
        connection.setConfiguration({ ...connection.getConfiguration(), iceServers: servers });
        relays = servers;
      } catch {
        // A relay that the browser does not understand: those of before are as good.
      }
    },
    onCandidate(fn) {
      connection.addEventListener('icecandidate', ({ candidate }) => {
        if (candidate?.candidate) fn({ candidate: candidate.candidate, ufrag: candidate.usernameFragment ?? '' });
      });
      connection.addEventListener('icegatheringstatechange', () => {
        if (connection.iceGatheringState === 'complete') fn(null);
      });
    },
    add(candidate, sdpMid, usernameFragment) {
      // One that the browser does not understand, or of a generation that is over, is none.
      connection.addIceCandidate({ candidate, sdpMid, usernameFragment }).catch(() => {});
    },
    async speak(id) {
      speaking = true;
      listen();
      await open(id, true);
      // A page on which nobody clicked may be heard from now on: browsers ask no more of one that has the microphone.
      listen();
    },
    async microphone(id) {
      if (microphone) await open(id, false);
    },
    mute(on) {
      muted = on;
      if (microphone) microphone.enabled = !on;
    },
    press(key) {
      const dtmf = sender()?.dtmf;
      if (!dtmf?.canInsertDTMF) return false;
      pressed += key;
      dtmf.ontonechange = ({ tone }) => tone || sound(dtmf);
      if (!sounding) sound(dtmf);
      return true;
    },
    onState(fn) {
      const up = async () => {
        const direct = await isDirect(connection);
        if (connection.connectionState === 'connected') fn('connected', { direct });
      };
      connection.addEventListener('connectionstatechange', () => {
        const state = connection.connectionState;
        if (state === 'disconnected' || state === 'failed') fn(state, { direct: true });
        if (state !== 'connected') return;
        // ICE may find a better way than the first one.
        const ice = sender()?.transport?.iceTransport;
        if (ice) ice.onselectedcandidatepairchange = up;
        void up();
      });
    },
    stats: () => measure(connection),
    close() {
      closed = true;
      microphone?.stop();
      connection.close();
      if (far.srcObject === heard) far.srcObject = null;
    },
  };
}

/** Whether neither side speaks by a relay now. @param {RTCPeerConnection} connection */
async function isDirect(connection) {
  // Statistics may be a moment old.
  const now = connection.getSenders()[0]?.transport?.iceTransport?.getSelectedCandidatePair?.();
  if (now) return now.local?.type !== 'relay' && now.remote?.type !== 'relay';
  return isDirectIn(await connection.getStats());
}

/** @param {RTCStatsReport} report */
function isDirectIn(report) {
  const stats = [...report.values()];
  const used = stats.find((s) => s.type === 'transport')?.selectedCandidatePairId;
  const pair =
    report.get(used) ?? stats.find((s) => s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded');
  return ![pair?.localCandidateId, pair?.remoteCandidateId].some((id) => report.get(id)?.candidateType === 'relay');
}

/** @param {RTCPeerConnection} connection */
async function measure(connection) {
  let energyIn = 0;
  let energyOut = 0;
  let lost = 0;
  let received = 0;
  const report = await connection.getStats();
  for (const s of report.values()) {
    if (s.type === 'inbound-rtp') {
      energyIn = s.totalAudioEnergy ?? 0;
      lost = s.packetsLost ?? 0;
      received = s.packetsReceived ?? 0;
    }
    if (s.type === 'media-source') energyOut = s.totalAudioEnergy ?? 0;
  }
  const share = lost / Math.max(1, lost + received);
  const quality = share > 0.08 ? 'poor' : share > 0.02 ? 'fair' : 'good';
  return { quality, direct: isDirectIn(report), energyIn, energyOut };
}
