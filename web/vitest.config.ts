import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['*/test/**/*.test.ts'],
    hookTimeout: 900_000,
    testTimeout: 300_000,
    // The browser tests share two cores with the programs that they talk to.
    fileParallelism: false,
  },
})
