import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['*/test/**/*.test.ts'],
    // A whole tour runs before the first test of one file, and a busy machine is slow: what hangs is found by the waits inside.
    hookTimeout: 1_800_000,
    testTimeout: 300_000,
    // Each browser test has programs of its own to talk to, and mostly waits: two at a time, also on a small machine.
    poolOptions: { forks: { minForks: 1, maxForks: 2 } },
  },
})
