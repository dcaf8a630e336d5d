/** The lane's camera: opened again whenever it fails, and not used while it delivers no picture. */

export type CameraState = 'starting' | 'on' | 'lost'

export class Camera {
  state: CameraState = 'starting'
  private stream: MediaStream | undefined
  private opening = false
  private seen = { time: -1, at: 0 }

  constructor(private readonly video: HTMLVideoElement, private readonly changed: () => void) {
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.check())
    setInterval(() => void this.check(), 1_000)
    void this.check()
  }

/** Whether it delivers pictures; a camera whose picture has not changed for 3 s counts as failed. */
  private async check(): Promise<void> {
    const track = this.stream?.getVideoTracks()[0]
    const now = performance.now()
    if (this.video.currentTime !== this.seen.time) this.seen = { time: this.video.currentTime, at: now }
    const alive = track?.readyState === 'live' && !track.muted && now - this.seen.at < 3_000
    if (alive) return this.become('on')
    if (this.opening) return
    this.opening = true
    try {
      this.stop()
      const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: 'user' } })
      this.stream = stream
      stream.getVideoTracks()[0]?.addEventListener('ended', () => void this.check())
      this.video.srcObject = stream
      await this.video.play()
      this.seen = { time: -1, at: performance.now() }
      this.become('on')
    } catch {
      this.become('lost')
    } finally {
      this.opening = false
    }
  }

  private stop(): void {
    for (const track of this.stream?.getTracks() ?? []) track.stop()
    this.stream = undefined
  }

  private become(state: CameraState): void {
    if (this.state === state) return
    this.state = state
    this.changed()
  }

  get ready(): boolean {
    return this.state === 'on' && this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && this.video.videoWidth > 0
  }

  frame(): Promise<ImageBitmap> {
    return createImageBitmap(this.video)
  }
}

/** A picture as JPEG, no larger than a frame of the camera. */
export async function jpeg(source: ImageBitmap): Promise<Blob> {
  const scale = Math.min(1, 1280 / Math.max(source.width, source.height))
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(source.width * scale)), Math.max(1, Math.round(source.height * scale)))
  canvas.getContext('2d')!.drawImage(source, 0, 0, canvas.width, canvas.height)
  source.close()
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 })
}
