/** The wallet's languages, where its own list cannot be loaded: `words.ts` asks the platform at once. */
export const LANGUAGES = ['zh-Hans', 'zh-Hant', 'en', 'pt'] as const
