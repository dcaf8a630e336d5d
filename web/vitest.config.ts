import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['*/test/**/*.test.ts'],
    hookTimeout: 900_000,
    testTimeout: 300_000,
    // Each browser test has programs of its own to talk to, and mostly waits: two at a time, also on a small machine.
    poolOptions: { forks: { minForks: 1, maxForks: 2 } },
  },
})
