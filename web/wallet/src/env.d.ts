declare module '*.vue' {
  import type { DefineComponent } from 'vue'
  const component: DefineComponent<Record<string, unknown>, Record<string, unknown>, unknown>
  export default component
}

/** The mini-program's own object, as far as it is used. */
declare const wx: {
  createCameraContext(): {
    onCameraFrame(told: (frame: { readonly width: number; readonly height: number; readonly data: ArrayBuffer }) => void): { start(): void; stop(): void }
    takePhoto(options: { quality: 'high' | 'normal' | 'low'; success: (result: { tempImagePath: string }) => void; fail: (error: unknown) => void }): void
  }
  getAppBaseInfo(): { readonly language?: string }
  getRandomValues(options: { length: number; success: (result: { randomValues: ArrayBuffer }) => void; fail: (error: unknown) => void }): void
}
