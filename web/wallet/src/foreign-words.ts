/**
 * Foreign words: texts around digital cards of other systems, names of what is in them, and the sentence for each refusal, in four languages.
 *
 * Lives here: what the browser's wallet alone says (`pages/others`). Not here: texts of every build (`words`).
 */
import { type Row, looks, spoken } from './words.js'

export const FOREIGN_WORDS = {
  others: ['其他电子证明', '其他電子證明', 'Other digital cards', 'Outros cartões digitais'],
  othersNote: ['其他机构发出的证明，可向其他机构出示', '其他機構發出的證明，可向其他機構出示', 'Cards that other issuers gave you, to show to others', 'Cartões de outros emissores, para mostrar a outros'],
  othersHow: [
    '扫描发出机构的邀请，或者要求出示证明的机构的码；也可以粘贴链接。这些证明不用来过关。', '掃描發出機構的邀請，或者要求出示證明的機構的碼；也可以貼上連結。這些證明不用來過關。',
    'Scan an issuer’s offer, or the code of somebody who asks for a card; or paste its link. These cards are not for crossing.',
    'Leia a oferta de um emissor, ou o código de quem lhe pede um cartão; ou cole a ligação. Estes cartões não servem para passar a fronteira.',
  ],
  none: ['这里还没有证明。', '這裡還沒有證明。', 'There is none yet.', 'Ainda não há nenhum.'],
  scan: ['扫描码', '掃描碼', 'Scan a code', 'Ler um código'],
  scanHow: ['把码放进框里', '把碼放進框裡', 'Bring the code into the frame', 'Ponha o código dentro da moldura'],
  notTaken: ['没有收下', '沒有收下', 'Nothing was taken', 'Nada foi aceite'],
  link: ['链接', '連結', 'Link', 'Ligação'],
  linkHow: ['以 openid-credential-offer:// 或 openid4vp:// 开头', '以 openid-credential-offer:// 或 openid4vp:// 開頭', 'It begins with openid-credential-offer:// or openid4vp://', 'Começa por openid-credential-offer:// ou openid4vp://'],
  open: ['打开', '打開', 'Open', 'Abrir'],
  offered: ['有人发给您一份证明', '有機構發給您一份證明', 'A card for you', 'Um cartão para si'],
  offeredBy: ['由 {n} 发出。收下以后，它只留在这部手机上。', '由 {n} 發出。收下以後，它只留在這部手機上。', 'It comes from {n}. Once you take it, it stays on this phone alone.', 'Vem de {n}. Depois de o aceitar, fica só neste telemóvel.'],
  number: ['发出机构告诉您的号码', '發出機構告訴您的號碼', 'The number that the issuer told you', 'O número que o emissor lhe disse'],
  numberHow: ['当面或另外告诉您的，不在链接里', '當面或另外告訴您的，不在連結裡', 'Told to you by mouth or by another way, not in the link', 'Dito de viva voz ou por outra via, não na ligação'],
  take: ['收下', '收下', 'Take it', 'Aceitar'],
  taken: ['已收下', '已收下', 'The card is here', 'O cartão está aqui'],
  issuer: ['发出机构', '發出機構', 'Issued by', 'Emitido por'],
  listedBy: ['由{n}列入名单（{of}）', '由{n}列入名單（{of}）', 'Listed by {n} ({of})', 'Na lista de {n} ({of})'],
  validUntil: ['有效期至', '有效期至', 'Valid until', 'Válido até'],
  what: ['内容', '內容', 'What is in it', 'O que contém'],
  hide: ['收起', '收起', 'Hide', 'Ocultar'],
  remove: ['从这部手机删除', '從這部手機刪除', 'Delete from this phone', 'Apagar deste telemóvel'],
  removeSure: ['删除后要向发出机构重新取得。', '刪除後要向發出機構重新取得。', 'Once deleted, you must get it from its issuer again.', 'Depois de apagado, tem de o pedir de novo ao emissor.'],
  asks: ['有机构请您出示', '有機構請您出示', 'Show this?', 'Mostrar isto?'],
  whoAsks: ['谁在要求', '誰在要求', 'Who asks', 'Quem pede'],
  from: ['从这份证明', '從這份證明', 'From this card', 'Deste cartão'],
  whole: ['只证明您持有它', '只證明您持有它', 'Only that you hold it', 'Só que o tem'],
  optional: ['也出示对方说可有可无的内容', '也出示對方說可有可無的內容', 'Show also what they call optional', 'Mostrar também o que dizem ser opcional'],
  kept: ['对方能看到以上内容和证明的发出机构；这里会记下您出示过什么。', '對方能看到以上內容和證明的發出機構；這裡會記下您出示過什麼。', 'They see the above and who issued the card. What you show is noted here.', 'Veem o que está acima e quem emitiu o cartão. O que mostrar fica anotado aqui.'],
  shown: ['已出示', '已出示', 'Shown', 'Mostrado'],
  goOn: ['在对方的网页上继续', '在對方的網頁上繼續', 'Go on at their page', 'Continuar na página deles'],
  stay: [
    '其他电子证明不会移过去，会从这部手机删除：请在另一部手机上向发出机构重新取得。', '其他電子證明不會移過去，會從這部手機刪除：請在另一部手機上向發出機構重新取得。',
    'Your other digital cards do not move, and are deleted here: get them from their issuers again on the other phone.',
    'Os seus outros cartões digitais não passam e são apagados aqui: peça-os de novo aos emissores no outro telemóvel.',
  ],
  showings: ['出示记录', '出示記錄', 'What you have shown', 'O que já mostrou'],
} as const satisfies Readonly<Record<string, Row>>
export type ForeignWord = keyof typeof FOREIGN_WORDS

export const sayForeign = (word: ForeignWord, fill: Readonly<Record<string, string>> = {}): string => spoken(FOREIGN_WORDS[word]).replace(/\{(\w+)\}/g, (_, name: string) => fill[name] ?? '')

/** Claims by the names that ISO/IEC 18013-5, ISO/IEC TS 23220 and OpenID Connect give them; another name is shown as it is. */
export const FOREIGN_CLAIMS: Readonly<Record<string, Row>> = {
  family_name: ['姓', '姓', 'Family name', 'Apelido'],
  given_name: ['名', '名', 'Given name', 'Nome próprio'],
  birth_date: ['出生日期', '出生日期', 'Date of birth', 'Data de nascimento'],
  nationality: ['国籍', '國籍', 'Nationality', 'Nacionalidade'],
  sex: ['性别', '性別', 'Sex', 'Sexo'],
  portrait: ['照片', '照片', 'Portrait', 'Retrato'],
  document_number: ['证件号码', '證件號碼', 'Document number', 'Número do documento'],
  document_kind: ['证件种类', '證件種類', 'Kind of document', 'Tipo de documento'],
  name_zh: ['中文姓名', '中文姓名', 'Name in Chinese', 'Nome em chinês'],
  personal_administrative_number: ['身份号码', '身份號碼', 'Personal number', 'Número pessoal'],
  issuing_authority: ['发出机关', '發出機關', 'Issuing authority', 'Autoridade emissora'],
  issuing_country: ['发出地', '發出地', 'Issuing place', 'Local de emissão'],
  issue_date: ['发出日期', '發出日期', 'Date of issue', 'Data de emissão'],
  expiry_date: ['到期日', '到期日', 'Date of expiry', 'Data de validade'],
  resident_address: ['住址', '住址', 'Address', 'Morada'],
  email: ['电子邮件', '電郵', 'E-mail', 'Correio eletrónico'],
}
/** Other names of the same. */
const ALSO: Readonly<Record<string, string>> = {
  birthdate: 'birth_date', nationalities: 'nationality', gender: 'sex', picture: 'portrait', address: 'resident_address', family_name_latin1: 'family_name',
  given_name_latin1: 'given_name', date_of_issuance: 'issue_date', date_of_expiry: 'expiry_date',
}
const AGE_OVER: Row = ['年满 {n} 岁', '年滿 {n} 歲', '{n} or older', '{n} anos ou mais']

/** The name of a claim, given with dots on the way to it. */
export function foreignClaim(path: string): string {
  const name = path.split('.').filter((step) => !/^\d+$/.test(step)).pop() ?? path
  const age = /^(?:age_over_)?(\d\d)$/.exec(path.split('.').pop() ?? '')?.[1]
  if (age !== undefined && /age/.test(path)) return spoken(AGE_OVER).replace('{n}', age)
  return spoken(FOREIGN_CLAIMS[ALSO[name] ?? name]) || name
}

export const foreignClaims = (names: readonly string[]): string => [...new Set(names.map(foreignClaim))].join(looks.language.startsWith('zh') ? '、' : ', ')

// --- refusals --------------------------------------------------------------------------------------------------------

const NOTHING_TAKEN: Row = [
  '发出机构发来的证明无效，没有收下。请告诉发出机构。', '發出機構發來的證明無效，沒有收下。請告訴發出機構。',
  'What the issuer sent does not count, and nothing was taken. Tell the issuer.', 'O que o emissor enviou não é válido e nada foi aceite. Avise o emissor.',
]
const MALFORMED: Row = [
  '对方的请求格式错误，没有出示任何资料。请告诉对方。', '對方的請求格式錯誤，沒有出示任何資料。請告訴對方。',
  'The request is malformed, and nothing was shown. Tell whoever asks.', 'O pedido está malformado e nada foi mostrado. Avise quem pede.',
]
const UNSAFE: Row = [
  '这个链接会不加保护地发送资料，没有打开。', '這個連結會不加保護地傳送資料，沒有打開。',
  'This link would send data without protection, and was not opened.', 'Esta ligação enviaria dados sem proteção e não foi aberta.',
]
const LINK: Row = [
  '这不是电子证明的邀请，也不是要求出示证明的码。', '這不是電子證明的邀請，也不是要求出示證明的碼。',
  'This is neither an offer of a digital card nor a request to show one.', 'Isto não é uma oferta de um cartão digital nem um pedido para mostrar um.',
]
const ATTESTED: Row = [
  '这个机构只发给有厂商担保的钱包程序；浏览器里的钱包没有。请用它认可的钱包。', '這個機構只發給有廠商擔保的錢包程式；瀏覽器裡的錢包沒有。請用它認可的錢包。',
  'This issuer gives cards only to wallet apps for which a maker vouches; a wallet in a browser has none. Use a wallet that it names.',
  'Este emissor só dá cartões a carteiras com garantia de um fabricante; uma carteira no navegador não a tem. Use uma carteira que ele indique.',
]

/** The codes that have a sentence of their own. */
export const FOREIGN_REFUSALS: Readonly<Record<string, Row>> = {
  offer_link: LINK, request_link: LINK,
  issuer_endpoint: UNSAFE, request_address: UNSAFE,
  issuer_attestation: ATTESTED,
  other_away: [
    '连不上对方，或者对方不接受浏览器里的钱包。请稍后再试。', '連不上對方，或者對方不接受瀏覽器裡的錢包。請稍後再試。',
    'The other side cannot be reached, or does not answer wallets in a browser. Try again later.', 'Não se consegue contactar o outro lado, ou ele não responde a carteiras no navegador. Tente mais tarde.',
  ],
  offer_over: ['号码不对，或者邀请已过期。请向发出机构要新的邀请。', '號碼不對，或者邀請已過期。請向發出機構要新的邀請。', 'The number is wrong, or the offer is over. Ask the issuer for a new one.', 'O número está errado, ou a oferta terminou. Peça uma nova ao emissor.'],
  offer_sign_in: ['这个邀请要您在发出机构登录，这里做不到。请向它要带号码的邀请。', '這個邀請要您在發出機構登入，這裡做不到。請向它要帶號碼的邀請。', 'This offer wants you to sign in at the issuer, which is not done here. Ask for one with a number.', 'Esta oferta pede que inicie sessão no emissor, o que aqui não se faz. Peça uma com um número.'],
  issuer_unlisted: ['没有机关把这个发出机构列入名单，没有收下任何证明。', '沒有機關把這個發出機構列入名單，沒有收下任何證明。', 'No authority lists this issuer, and nothing was taken.', 'Nenhuma autoridade tem este emissor na sua lista e nada foi aceite.'],
  foreign_type: ['名单上这个机构不能发出这种证明，没有收下。', '名單上這個機構不能發出這種證明，沒有收下。', 'The lists do not let this issuer issue such a card, and nothing was taken.', 'As listas não permitem a este emissor emitir este cartão e nada foi aceite.'],
  foreign_jurisdiction: ['对方的证书说的地方，和名单上的不一样。没有发送任何资料。', '對方的證書說的地方，和名單上的不一樣。沒有傳送任何資料。', 'Their certificate names another place than the lists. Nothing went out.', 'O certificado indica outro local que não o das listas. Nada foi enviado.'],
  issuer_unbound: ['这个机构的做法不安全：别人也能取走证明。没有收下。', '這個機構的做法不安全：別人也能取走證明。沒有收下。', 'This issuer’s way is not safe: others could take the card. Nothing was taken.', 'O modo deste emissor não é seguro: outros poderiam levar o cartão. Nada foi aceite.'],
  issuer_refused: ['发出机构拒绝了。请问它为什么。', '發出機構拒絕了。請問它為什麼。', 'The issuer refused. Ask it why.', 'O emissor recusou. Pergunte-lhe porquê.'],
  issuer_later: ['证明还没有准备好。请稍后向发出机构要新的邀请。', '證明還沒有準備好。請稍後向發出機構要新的邀請。', 'The card is not ready. Ask the issuer for another offer later.', 'O cartão ainda não está pronto. Peça outra oferta mais tarde.'],
  issuer_configuration: ['发出机构给的不是它说的那种证明，或者这里读不了。没有收下。', '發出機構給的不是它說的那種證明，或者這裡讀不了。沒有收下。', 'The issuer offers a card that is not read here, or gave another one. Nothing was taken.', 'O emissor oferece um cartão que aqui não se lê, ou deu outro. Nada foi aceite.'],
  credential_expired: ['这份证明已过期。', '這份證明已過期。', 'The card is past its end.', 'O cartão já expirou.'],
  credential_not_yet_valid: ['这份证明还没有开始生效。', '這份證明還沒有開始生效。', 'The card is not valid yet.', 'O cartão ainda não é válido.'],
  card_key_lost: ['浏览器删除了这份证明的钥匙。请重新取得。', '瀏覽器刪除了這份證明的鑰匙。請重新取得。', 'The browser has deleted this card’s key. Get the card again.', 'O navegador apagou a chave deste cartão. Peça-o de novo.'],
  verifier_unlisted: ['没有机关把要求出示的机构列入名单，没有出示任何资料。', '沒有機關把要求出示的機構列入名單，沒有出示任何資料。', 'No authority lists whoever asks, and nothing was shown.', 'Nenhuma autoridade tem quem pede na sua lista e nada foi mostrado.'],
  verifier_type: ['名单上对方不能要求这种证明，没有出示任何资料。', '名單上對方不能要求這種證明，沒有出示任何資料。', 'The lists do not let them ask for such a card, and nothing was shown.', 'As listas não lhes permitem pedir este cartão e nada foi mostrado.'],
  verifier_refused: ['对方没有接受。您的资料可能已经到了对方那里；请问对方。', '對方沒有接受。您的資料可能已經到了對方那裡；請問對方。', 'They did not accept it. What you showed may have arrived: ask them.', 'Não aceitaram. O que mostrou pode ter chegado: pergunte-lhes.'],
  request_expired: ['这个请求已过期。请对方重新显示。', '這個請求已過期。請對方重新顯示。', 'The request is over. Have them show a new one.', 'O pedido terminou. Peça que mostrem um novo.'],
  request_transaction_data: ['对方要您确认一笔交易，这里不做。没有出示任何资料。', '對方要您確認一筆交易，這裡不做。沒有出示任何資料。', 'They want you to confirm a transaction, which is not done here. Nothing was shown.', 'Querem que confirme uma transação, o que aqui não se faz. Nada foi mostrado.'],
  nothing_answers: ['这部手机上没有对方要的证明。', '這部手機上沒有對方要的證明。', 'No card on this phone answers what they ask for.', 'Nenhum cartão neste telemóvel responde ao que pedem.'],
  shown_meanwhile: ['另一个窗口改动了钱包。请再试一次。', '另一個視窗改動了錢包。請再試一次。', 'Another window changed the wallet. Try again.', 'Outra janela alterou a carteira. Tente de novo.'],
}

/** The sentence for a refusal: its own, or that of its kind. */
export function foreignRefusal(code: string, asking: boolean): string {
  return spoken(FOREIGN_REFUSALS[code] ?? (asking ? MALFORMED : NOTHING_TAKEN))
}
export const FOREIGN_REST: Readonly<Record<string, Row>> = { nothing_taken: NOTHING_TAKEN, malformed: MALFORMED, age_over: AGE_OVER }
