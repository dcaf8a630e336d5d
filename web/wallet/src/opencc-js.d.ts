/** Characters of OpenCC: rows apart by `|`, in each a character and those that stand for it, apart by blanks. */
declare module 'opencc-js/dict/STCharacters' {
  const rows: string
  export default rows
}
declare module 'opencc-js/dict/TSCharacters' {
  const rows: string
  export default rows
}
