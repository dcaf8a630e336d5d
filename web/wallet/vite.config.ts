import { createHash } from 'node:crypto'
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import uni from '@dcloudio/vite-plugin-uni'
import { type Plugin, defineConfig } from 'vite'

// The plugin is CommonJS: its default export arrives wrapped.
const plugin = ((uni as unknown as { default?: typeof uni }).default ?? uni) as () => Plugin[]

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
  )
}

/** The mini-program names roles in a word of its own, which means nothing to a browser. */
function roles(): Plugin {
  return {
    name: 'roles',
    enforce: 'pre',
    transform: (code, id) => process.env['UNI_PLATFORM'] === 'h5' && id.endsWith('.vue') ? { code: code.replace(/ aria-role="\w+"/g, ''), map: null } : null,
  }
}

/** The pinned roots that a mini-program is built with: of the file that BAYPASS_ROOTS names, else of `public/roots.json`. */
function roots(): Plugin {
  const file = process.env['BAYPASS_ROOTS']
  return {
    name: 'roots',
    enforce: 'pre',
    load: (id) => file && /\/public\/roots\.json$/.test(id) ? readFileSync(file, 'utf8') : null,
  }
}

/** The framework's style sheet names a picture on its maker's server: nobody but the authorities is asked anything. */
const FOREIGN = /url\(["']?https?:[^)]*\)/g

/** Writes the list of what the page is made of into its service worker, so that it opens without a network. */
function offline(): Plugin {
  let out = ''
  return {
    name: 'offline',
    configResolved: (config) => void (out = config.build.outDir),
    closeBundle() {
      if (process.env['UNI_PLATFORM'] !== 'h5') {
        // In a mini-program it asks for a picture of its maker's, three seconds after the start.
        for (const file of files(out).filter((name) => name.endsWith('.js'))) {
          const text = readFileSync(file, 'utf8')
          if (text.includes('wx.preloadAssets')) writeFileSync(file, text.replaceAll('wx.preloadAssets', '0'))
        }
        return
      }
      // The framework copies no public folder.
      cpSync(new URL('public', import.meta.url), out, { recursive: true })
      for (const file of files(out).filter((name) => /\.(css|js)$/.test(name))) {
        const text = readFileSync(file, 'utf8')
        if (FOREIGN.test(text)) writeFileSync(file, text.replace(FOREIGN, 'none'))
      }
      const built = files(out).filter((file) => !/sw\.js$|(authorities|roots)\.json$/.test(file)).sort()
      const hash = createHash('sha256')
      for (const file of built) hash.update(file.slice(out.length)).update(readFileSync(file))
      const list = ['./', ...built.map((file) => `./${relative(out, file)}`)]
      const worker = readFileSync(join(out, 'sw.js'), 'utf8')
      const text = worker.replace("'BUILD'", JSON.stringify(hash.digest('hex').slice(0, 16))).replace('[/* FILES */]', JSON.stringify(list))
      writeFileSync(join(out, 'sw.js'), text)
    },
  }
}

export default defineConfig({
  base: './',
  plugins: [roles(), roots(), plugin(), offline()],
  build: { target: 'es2020', sourcemap: false },
  // The templates of the framework ask for it; no text of ours goes through it.
  define: { __VUE_I18N_FULL_INSTALL__: false, __VUE_I18N_LEGACY_API__: false },
})
