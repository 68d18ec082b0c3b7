/**
 * How the tests start the two browsers of Debian's packages.
 * Used by: vitest.config.ts (browser projects) and tests/e2e.
 */

/** Chromium: fake media, and real addresses instead of mDNS names unless a test wants those. */
export const chromiumLaunch = {
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    '--autoplay-policy=no-user-gesture-required',
    '--disable-features=WebRtcHideLocalIpsWithMdns',
    // A process has 500 connections, and gets a closed one back when it is collected: globalThis.gc().
    '--js-flags=--expose-gc',
  ],
};

/** Firefox ESR as Debian ships it, driven over WebDriver BiDi. */
export const firefoxLaunch = {
  channel: 'moz-firefox',
  executablePath: process.env['FIREFOX'] ?? '/usr/bin/firefox-esr',
  firefoxUserPrefs: {
    'media.navigator.streams.fake': true,
    'media.navigator.permission.disabled': true,
    'media.autoplay.default': 0,
    'media.peerconnection.ice.obfuscate_host_addresses': false,
    'media.peerconnection.ice.loopback': true,
  },
};
