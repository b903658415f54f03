// SPDX-License-Identifier: Apache-2.0
// The test pattern: a picture with a clock and a frame counter, and a tone, as a source to publish.
const BARS = ["#c0c0c0", "#c0c000", "#00c0c0", "#00c000", "#c000c0", "#c00000", "#0000c0"];
const NOISE_PART = 0.2;
const TONE_HZ = 440;
const TONE_LEVEL = 0.05;
const PIP_HZ = 1000;
const PIP_LEVEL = 0.2;
const PIP_SECONDS = 0.1;

/** A square of noise, which keeps the encoder busy. */
function makeNoise(side) {
	const canvas = document.createElement("canvas");
	canvas.width = canvas.height = side;
	const context = canvas.getContext("2d");
	const image = context.createImageData(side, side);
	for (let i = 0; i < image.data.length; i += 4) {
		image.data[i] = image.data[i + 1] = image.data[i + 2] = Math.random() * 256;
		image.data[i + 3] = 255;
	}
	context.putImageData(image, 0, 0);
	return canvas;
}

function clockText(now) {
	return `${now.toISOString().slice(11, 23)} UTC`;
}

/** Draws one picture: bars, a sweeping line, rolling noise, the clock and the frame counter. */
function draw(context, noise, frame, fps) {
	const { width, height } = context.canvas;
	const bar = width / BARS.length;
	BARS.forEach((colour, i) => {
		context.fillStyle = colour;
		context.fillRect(Math.floor(i * bar), 0, Math.ceil(bar), height * (1 - NOISE_PART));
	});
	const grid = height * NOISE_PART;
	const shift = (frame * 7) % noise.width;
	for (let x = -shift; x < width; x += noise.width)
		context.drawImage(noise, x, height - grid, noise.width, grid);
	context.fillStyle = "#ffffff";
	context.fillRect((frame * width) / (fps * 4) % width, 0, Math.max(2, width / 160), height);

	const size = Math.round(height / 9);
	context.fillStyle = "#101418";
	context.fillRect(width * 0.08, height * 0.36, width * 0.84, size * 2.9);
	context.fillStyle = "#f2f5f7";
	context.textAlign = "center";
	context.font = `600 ${size}px monospace`;
	context.fillText(clockText(new Date()), width / 2, height * 0.36 + size * 1.15);
	context.font = `${Math.round(size * 0.7)}px monospace`;
	context.fillText(`frame ${String(frame).padStart(7, "0")}`, width / 2, height * 0.36 + size * 2.3);
}

/** Starts a quiet tone with a pip at each second, like a line-up signal. */
function startTone() {
	const audio = new AudioContext();
	const out = audio.createMediaStreamDestination();
	const tone = new OscillatorNode(audio, { frequency: TONE_HZ });
	tone.connect(new GainNode(audio, { gain: TONE_LEVEL })).connect(out);
	tone.start();
	const pip = new OscillatorNode(audio, { frequency: PIP_HZ });
	const gate = new GainNode(audio, { gain: 0 });
	pip.connect(gate).connect(out);
	pip.start();
	return {
		track: out.stream.getAudioTracks()[0],
		pip() {
			const at = audio.currentTime;
			gate.gain.setValueAtTime(PIP_LEVEL, at);
			gate.gain.setValueAtTime(0, at + PIP_SECONDS);
		},
		async resume() {
			await audio.resume();
		},
		stop: () => audio.close(),
	};
}

/**
 * Starts the test pattern as a source. `width` and `height` are in pixels, `fps` in pictures a
 * second.
 */
export function startPattern({ width, height, fps }) {
	const canvas = document.createElement("canvas");
	canvas.width = width;
	canvas.height = height;
	const context = canvas.getContext("2d", { alpha: false });
	const noise = makeNoise(256);
	const tone = startTone();
	// A page that was opened without a click may not play sound: the tone starts with the first
	// click.
	tone.resume().catch(() => {});
	let frame = 0;
	const tick = () => {
		draw(context, noise, frame, fps);
		if (frame % fps === 0)
			tone.pip();
		frame++;
	};
	tick();
	const timer = setInterval(tick, 1000 / fps);
	const stream = canvas.captureStream(fps);
	stream.addTrack(tone.track);
	stream.getVideoTracks()[0].contentHint = "motion";
	return {
		stream,
		label: `Test pattern ${width}×${height}, ${fps} frames a second`,
		stop() {
			clearInterval(timer);
			stream.getTracks().forEach((track) => track.stop());
			tone.stop();
		},
	};
}
