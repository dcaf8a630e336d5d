declare module '*.vue' {
  import type { DefineComponent } from 'vue'
  const component: DefineComponent<Record<string, unknown>, Record<string, unknown>, unknown>
  export default component
}

/** The mini-program's own object, as far as it is used. */
declare const wx: {
  createCameraContext(): {
    onCameraFrame(told: (frame: { readonly width: number; readonly height: number; readonly data: ArrayBuffer }) => void): { start(): void; stop(): void }
    takePhoto(options: { quality: 'high' | 'normal' | 'low'; selfieMirror: boolean; success: (result: { tempImagePath: string }) => void; fail: (error: unknown) => void }): void
  }
  createOffscreenCanvas(options: { type: '2d'; width: number; height: number }): OffscreenCanvas2d
  canvasToTempFilePath(options: {
    canvas: OffscreenCanvas2d; x: number; y: number; width: number; height: number; destWidth: number; destHeight: number; fileType: 'jpg'; quality: number
    success: (result: { tempFilePath: string }) => void; fail: (error: unknown) => void
  }): void
  getAppBaseInfo(): { readonly language?: string }
  checkIsSoterEnrolledInDevice(options: { checkAuthMode: 'fingerPrint' | 'facial'; success: (result: { isEnrolled: boolean }) => void; fail: (error: unknown) => void }): void
  startSoterAuthentication(options: {
    requestAuthModes: readonly ('fingerPrint' | 'facial')[]; challenge: string; authContent: string; success: (result: { authMode: string }) => void; fail: (error: unknown) => void
  }): void
  getRandomValues(options: { length: number; success: (result: { randomValues: ArrayBuffer }) => void; fail: (error: unknown) => void }): void
}

interface OffscreenImage {
  readonly width: number
  readonly height: number
  src: string
  onload: (loaded: unknown) => void
  onerror: (error: unknown) => void
}
interface OffscreenCanvas2d {
  createImage(): OffscreenImage
  getContext(kind: '2d'): { drawImage(image: OffscreenImage, x: number, y: number, width: number, height: number): void }
}
