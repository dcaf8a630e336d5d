import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

// One flat folder of files under the gate's address, and two pages that the gate serves under their own.
export default defineConfig({
  root: here('.'),
  base: '/kiosk-files/',
  publicDir: false,
  worker: { format: 'es' },
  build: {
    outDir: here('dist'),
    emptyOutDir: true,
    assetsDir: '',
    // The policy of the pages lets in nothing that stands inside of another file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    rollupOptions: { input: { kiosk: here('kiosk.html'), officer: here('officer.html') } },
  },
})
