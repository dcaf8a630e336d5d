/**
 * Venue words: claims, values, scenarios, purposes and refusals at a desk, in four languages.
 *
 * Lives here: one row for each code that `core` gives about a request or receipt (a test holds the table to its sources), and of a
 * desk's own refusals those that a traveller can do something about. Not here: the screen's other texts (`words`).
 */
import { DOCUMENT_WORDS } from '../../core/document-words.js'
import { CLAIMS, type ClaimName, type ClaimValue } from '../../core/venue-claims.js'
import type { VenueScenario } from '../../core/venue.js'
import { type Row, day, say, spoken } from './words.js'

/** Kinds of document that no other screen names; the others are in `WORDS`. */
export { DOCUMENT_WORDS }

export const CLAIM_WORDS: Readonly<Record<ClaimName, Row>> = {
  name: ['姓名（拉丁字母）', '姓名（拉丁字母）', 'Name in Latin letters', 'Nome em letras latinas'],
  name_zh: ['中文姓名', '中文姓名', 'Name in Chinese', 'Nome em chinês'],
  birth_date: ['出生日期', '出生日期', 'Date of birth', 'Data de nascimento'],
  nationality: ['国籍', '國籍', 'Nationality', 'Nacionalidade'],
  document_kind: ['证件种类', '證件種類', 'Kind of document', 'Tipo de documento'],
  document_number: ['证件号码', '證件號碼', 'Document number', 'Número do documento'],
  age_over_12: ['年满 12 岁', '年滿 12 歲', '12 or older', '12 anos ou mais'],
  age_over_14: ['年满 14 岁', '年滿 14 歲', '14 or older', '14 anos ou mais'],
  age_over_16: ['年满 16 岁', '年滿 16 歲', '16 or older', '16 anos ou mais'],
  age_over_18: ['年满 18 岁', '年滿 18 歲', '18 or older', '18 anos ou mais'],
  age_over_60: ['年满 60 岁', '年滿 60 歲', '60 or older', '60 anos ou mais'],
  age_over_65: ['年满 65 岁', '年滿 65 歲', '65 or older', '65 anos ou mais'],
  region: ['居住地区', '居住地區', 'Region where you live', 'Região onde vive'],
  city: ['居住城市', '居住城市', 'City where you live', 'Cidade onde vive'],
  portrait: ['照片', '照片', 'Portrait', 'Retrato'],
}

export const SCENARIO_WORDS: Readonly<Record<VenueScenario, Row>> = {
  'building-visit': ['访客登记', '訪客登記', 'A visit to a building', 'Visita a um edifício'],
  'hotel-check-in': ['酒店入住', '酒店入住', 'A hotel check-in', 'Entrada num hotel'],
  'library-account': ['图书馆账户', '圖書館賬戶', 'An account at a library', 'Conta numa biblioteca'],
}

/** Purposes that have plain words here; another is shown as the desk wrote it. */
export const PURPOSE_WORDS: Readonly<Record<string, Row>> = {
  'visitor-register': ['访客登记册', '訪客登記冊', 'The register of visitors', 'O registo de visitantes'],
  'guest-register': ['住客登记册', '住客登記冊', 'The register of guests', 'O registo de hóspedes'],
  'library-register': ['读者登记册', '讀者登記冊', 'The register of readers', 'O registo de leitores'],
}

const MALFORMED: Row = [
  '前台的请求格式错误，没有出示任何资料。请告诉前台，并出示实体证件。', '櫃枱的請求格式錯誤，沒有出示任何資料。請告訴櫃枱，並出示實體證件。',
  'The desk’s request is malformed, and nothing was shown. Tell the desk, and show your physical document.',
  'O pedido do balcão está malformado e nada foi mostrado. Avise o balcão e mostre o documento físico.',
]
const BEYOND: Row = [
  '前台要求的超出了它的批准文件，没有出示任何资料。请出示实体证件，并可向监管机关反映。', '櫃枱要求的超出了它的批准文件，沒有出示任何資料。請出示實體證件，並可向監管機關反映。',
  'The desk asks for more than its approval allows, and nothing was shown. Show your physical document; you may tell the supervisory authority.',
  'O balcão pede mais do que a sua autorização permite e nada foi mostrado. Mostre o documento físico; pode avisar a autoridade de supervisão.',
]
const FAULTY_RECEIPT: Row = [
  '前台的回执无效。资料已经出示：请问前台保留什么、保留多久。', '櫃枱的回執無效。資料已經出示：請問櫃枱保留甚麼、保留多久。',
  'The desk’s receipt is not valid. Your answer arrived: ask the desk what it keeps, and for how long.',
  'O recibo do balcão não é válido. A resposta chegou: pergunte ao balcão o que guarda e por quanto tempo.',
]
const ASK_ANEW: Row = [
  '前台没有接受这个回答。请前台发起新的请求，再扫一次。', '櫃枱沒有接受這個回答。請櫃枱發起新的請求，再掃一次。',
  'The desk did not take this answer. Ask it for a new request and scan that.',
  'O balcão não aceitou esta resposta. Peça-lhe um novo pedido e leia-o.',
]

/** Why a request is not answered, or an answer or receipt does not count, and what to do. */
export const REFUSALS: Readonly<Record<string, Row>> = {
  venue_code_empty: ['还没有内容。请扫描前台的码，或粘贴它的文字。', '還沒有內容。請掃描櫃枱的碼，或貼上它的文字。', 'There is nothing to read yet. Scan the desk’s code, or paste its text.', 'Ainda não há nada para ler. Leia o código do balcão ou cole o texto.'],
  venue_code_cut: ['码没有读全，请再扫一次。', '碼沒有讀全，請再掃一次。', 'Only a part of the code was read. Scan it again.', 'Só se leu parte do código. Leia-o de novo.'],
  venue_code_damaged: ['码读错了，请再扫一次。', '碼讀錯了，請再掃一次。', 'The code was misread. Scan it again.', 'O código foi mal lido. Leia-o de novo.'],
  venue_code_too_long: ['内容太长，不是前台的请求。请再扫一次前台的码。', '內容太長，不是櫃枱的請求。請再掃一次櫃枱的碼。', 'This is too long for a desk’s request. Scan the desk’s code again.', 'É longo demais para um pedido de balcão. Leia de novo o código do balcão.'],
  venue_code_unknown: ['这不是前台的请求。请扫描前台为湾区通出示的码。', '這不是櫃枱的請求。請掃描櫃枱為灣區通出示的碼。', 'This is no desk’s request. Scan the code that the desk shows for Bay Pass.', 'Isto não é um pedido de balcão. Leia o código que o balcão mostra para o Bay Pass.'],
  venue_code_other_kind: ['这是卡包的回答，不是前台的请求。请扫描前台的屏幕或告示。', '這是卡包的回答，不是櫃枱的請求。請掃描櫃枱的螢幕或告示。', 'This is a wallet’s answer, not a desk’s request. Scan the desk’s screen or sign.', 'Isto é a resposta de uma carteira, não um pedido. Leia o ecrã ou o letreiro do balcão.'],
  venue_code_other_system: ['这是别的系统的码。请扫描前台为湾区通出示的码。', '這是別的系統的碼。請掃描櫃枱為灣區通出示的碼。', 'This code belongs to another system. Scan the code that the desk shows for Bay Pass.', 'Este código é de outro sistema. Leia o código que o balcão mostra para o Bay Pass.'],
  request_signature: ['请求上的签名无效，没有出示任何资料。请再扫一次；还是不行就出示实体证件。', '請求上的簽名無效，沒有出示任何資料。請再掃一次；還是不行就出示實體證件。', 'The signature on the request is not valid, and nothing was shown. Scan it again, or else show your physical document.', 'A assinatura do pedido não é válida e nada foi mostrado. Leia-o de novo, ou mostre o documento físico.'],
  request_form: MALFORMED,
  request_venue: MALFORMED,
  request_scenario: ['这个请求的用途，您的卡包还不认识。请更新卡包，或出示实体证件。', '這個請求的用途，您的卡包還不認識。請更新卡包，或出示實體證件。', 'Your wallet does not know what this request is for. Update the wallet, or show your physical document.', 'A carteira não conhece a finalidade deste pedido. Atualize-a, ou mostre o documento físico.'],
  request_approval: MALFORMED,
  request_purpose: MALFORMED,
  request_unknown_claim: ['前台要求的一项资料，您的卡包还不认识。请更新卡包，或出示实体证件。', '櫃枱要求的一項資料，您的卡包還不認識。請更新卡包，或出示實體證件。', 'The desk asks for something that your wallet does not know. Update the wallet, or show your physical document.', 'O balcão pede algo que a carteira não conhece. Atualize-a, ou mostre o documento físico.'],
  request_claim_order: MALFORMED,
  request_reply: ['前台的接收地址不安全，没有出示任何资料。请出示实体证件。', '櫃枱的接收地址不安全，沒有出示任何資料。請出示實體證件。', 'The desk’s address for answers is not protected, and nothing was shown. Show your physical document.', 'O endereço do balcão não é seguro e nada foi mostrado. Mostre o documento físico.'],
  request_nothing_required: MALFORMED,
  request_life: ['这个请求的有效期超出规定，没有出示任何资料。请告诉前台，并出示实体证件。', '這個請求的有效期超出規定，沒有出示任何資料。請告訴櫃枱，並出示實體證件。', 'The request is valid for longer than is allowed, and nothing was shown. Tell the desk, and show your physical document.', 'O pedido vale mais tempo do que é permitido e nada foi mostrado. Avise o balcão e mostre o documento físico.'],
  request_ended: ['这个请求已过期。请前台发起新的请求，再扫一次。', '這個請求已過期。請櫃枱發起新的請求，再掃一次。', 'This request has ended. Ask the desk for a new one and scan that.', 'Este pedido terminou. Peça outro ao balcão e leia-o.'],
  request_from_future: ['这个请求的时间在将来：前台或这部手机的时钟不对。请核对两边的时间，再扫一次。', '這個請求的時間在將來：櫃枱或這部手機的時鐘不對。請核對兩邊的時間，再掃一次。', 'This request is from the future: the clock of the desk or of this phone is wrong. Compare the two, then scan again.', 'Este pedido vem do futuro: o relógio do balcão ou deste telemóvel está errado. Compare-os e leia de novo.'],
  desk_key_unknown: ['没有出入境机关登记过这个前台，没有出示任何资料。请出示实体证件。', '沒有出入境機關登記過這個櫃枱，沒有出示任何資料。請出示實體證件。', 'No authority has this desk on its list, and nothing was shown. Show your physical document.', 'Nenhuma autoridade tem este balcão na sua lista e nada foi mostrado. Mostre o documento físico.'],
  desk_key_role: ['签名的不是前台的密钥，没有出示任何资料。请出示实体证件。', '簽名的不是櫃枱的密鑰，沒有出示任何資料。請出示實體證件。', 'The key under this request is not listed for a desk, and nothing was shown. Show your physical document.', 'A chave deste pedido não está na lista como chave de balcão e nada foi mostrado. Mostre o documento físico.'],
  desk_key_not_yet: ['这个前台的密钥还没有生效。请出示实体证件，或以后再试。', '這個櫃枱的密鑰還沒有生效。請出示實體證件，或以後再試。', 'This desk’s key is not valid yet. Show your physical document, or try again later.', 'A chave deste balcão ainda não é válida. Mostre o documento físico, ou tente mais tarde.'],
  desk_key_ended: ['这个前台的密钥已过期。请告诉前台，并出示实体证件。', '這個櫃枱的密鑰已過期。請告訴櫃枱，並出示實體證件。', 'This desk’s key has expired. Tell the desk, and show your physical document.', 'A chave deste balcão expirou. Avise o balcão e mostre o documento físico.'],
  desk_key_compromised: ['这个前台的密钥已被盗用，停止使用。请不要回答，出示实体证件。', '這個櫃枱的密鑰已被盜用，停止使用。請不要回答，出示實體證件。', 'This desk’s key was stolen and is suspended. Do not answer; show your physical document.', 'A chave deste balcão foi roubada e está suspensa. Não responda; mostre o documento físico.'],
  desk_list_too_old: ['这部手机里的信任列表太旧。请联网后再扫一次，或出示实体证件。', '這部手機裡的信任清單太舊。請連上網絡後再掃一次，或出示實體證件。', 'The trust list on this phone is too old. Go online and scan again, or show your physical document.', 'A lista de confiança neste telemóvel é demasiado antiga. Ligue-se à rede e leia de novo, ou mostre o documento físico.'],
  desk_of_another_venue: ['这个前台冒用了别的场所的名字，没有出示任何资料。请出示实体证件。', '這個櫃枱冒用了別的場所的名字，沒有出示任何資料。請出示實體證件。', 'This desk asks in the name of another venue, and nothing was shown. Show your physical document.', 'Este balcão pede em nome de outro estabelecimento e nada foi mostrado. Mostre o documento físico.'],
  scenario_of_another_kind: ['这一类场所不能这样要求，没有出示任何资料。请出示实体证件。', '這一類場所不能這樣要求，沒有出示任何資料。請出示實體證件。', 'A venue of this kind may not ask for this, and nothing was shown. Show your physical document.', 'Este tipo de estabelecimento não pode pedir isto e nada foi mostrado. Mostre o documento físico.'],
  scenario_not_listed: ['这个前台没有登记这种用途，没有出示任何资料。请出示实体证件。', '這個櫃枱沒有登記這種用途，沒有出示任何資料。請出示實體證件。', 'This desk is not listed for what it asks, and nothing was shown. Show your physical document.', 'Este balcão não está na lista para o que pede e nada foi mostrado. Mostre o documento físico.'],
  approval_unknown: ['没有找到这个前台的批准文件，没有出示任何资料。请联网后再扫一次，或出示实体证件。', '沒有找到這個櫃枱的批准文件，沒有出示任何資料。請連上網絡後再掃一次，或出示實體證件。', 'No approval is known under which this desk may ask, and nothing was shown. Go online and scan again, or show your physical document.', 'Não se conhece autorização para este pedido e nada foi mostrado. Ligue-se à rede e leia de novo, ou mostre o documento físico.'],
  approval_withdrawn: ['这个前台的批准文件已被撤回。请出示实体证件。', '這個櫃枱的批准文件已被撤回。請出示實體證件。', 'The approval of this desk was withdrawn. Show your physical document.', 'A autorização deste balcão foi retirada. Mostre o documento físico.'],
  approval_not_begun: ['这个前台的批准文件还没有生效。请出示实体证件。', '這個櫃枱的批准文件還沒有生效。請出示實體證件。', 'The approval of this desk is not in force yet. Show your physical document.', 'A autorização deste balcão ainda não está em vigor. Mostre o documento físico.'],
  approval_over: ['这个前台的批准文件已到期。请出示实体证件。', '這個櫃枱的批准文件已到期。請出示實體證件。', 'The approval of this desk is over. Show your physical document.', 'A autorização deste balcão terminou. Mostre o documento físico.'],
  outside_hours: ['批准文件不允许前台在这个时间要求。请出示实体证件。', '批准文件不允許櫃枱在這個時間要求。請出示實體證件。', 'The approval does not let this desk ask at this hour. Show your physical document.', 'A autorização não deixa este balcão pedir a esta hora. Mostre o documento físico.'],
  venue_not_approved: ['批准文件里没有这个场所，没有出示任何资料。请出示实体证件。', '批准文件裡沒有這個場所，沒有出示任何資料。請出示實體證件。', 'The approval does not name this venue, and nothing was shown. Show your physical document.', 'A autorização não indica este estabelecimento e nada foi mostrado. Mostre o documento físico.'],
  scenario_not_approved: ['批准文件里没有这种用途，没有出示任何资料。请出示实体证件。', '批准文件裡沒有這種用途，沒有出示任何資料。請出示實體證件。', 'The approval is for something else, and nothing was shown. Show your physical document.', 'A autorização é para outra coisa e nada foi mostrado. Mostre o documento físico.'],
  authority_not_concerned: ['登记这个前台的机关没有签署批准文件，没有出示任何资料。请出示实体证件。', '登記這個櫃枱的機關沒有簽署批准文件，沒有出示任何資料。請出示實體證件。', 'The authority that lists this desk did not sign its approval, and nothing was shown. Show your physical document.', 'A autoridade que regista este balcão não assinou a autorização e nada foi mostrado. Mostre o documento físico.'],
  purpose_not_approved: ['前台说的目的不在批准文件里，没有出示任何资料。请出示实体证件。', '櫃枱說的目的不在批准文件裡，沒有出示任何資料。請出示實體證件。', 'The approval does not allow this purpose, and nothing was shown. Show your physical document.', 'A autorização não permite esta finalidade e nada foi mostrado. Mostre o documento físico.'],
  claim_not_approved: BEYOND,
  retention_too_long: ['前台要保留的时间超出了它的批准文件，没有出示任何资料。请出示实体证件，并可向监管机关反映。', '櫃枱要保留的時間超出了它的批准文件，沒有出示任何資料。請出示實體證件，並可向監管機關反映。', 'The desk wants to keep your data for longer than its approval allows, and nothing was shown. Show your physical document; you may tell the supervisory authority.', 'O balcão quer guardar os dados mais tempo do que a autorização permite e nada foi mostrado. Mostre o documento físico; pode avisar a autoridade de supervisão.'],
  face_not_approved: ['批准文件不允许前台比对人脸，没有出示任何资料。请出示实体证件。', '批准文件不允許櫃枱比對面容，沒有出示任何資料。請出示實體證件。', 'The approval does not let this desk compare faces, and nothing was shown. Show your physical document.', 'A autorização não deixa este balcão comparar rostos e nada foi mostrado. Mostre o documento físico.'],
  receipt_signature: FAULTY_RECEIPT,
  receipt_form: FAULTY_RECEIPT,
  receipt_claims: FAULTY_RECEIPT,
  receipt_other_answer: ['前台的回执是另一个回答的。请问前台保留什么、保留多久。', '櫃枱的回執是另一個回答的。請問櫃枱保留甚麼、保留多久。', 'The desk’s receipt is for another answer. Ask the desk what it keeps, and for how long.', 'O recibo do balcão é de outra resposta. Pergunte ao balcão o que guarda e por quanto tempo.'],
  receipt_keeps_more: ['按回执，前台保留的比您出示的多，或比它说的久。请告诉登记它的机关。', '按回執，櫃枱保留的比您出示的多，或比它說的久。請告訴登記它的機關。', 'By its receipt the desk keeps more than you showed, or for longer than it said. Tell the authority that lists it.', 'Segundo o recibo, o balcão guarda mais do que mostrou, ou mais tempo do que disse. Avise a autoridade que o regista.'],
  lists_missing: ['这部手机里还没有信任列表。请联网后再扫一次，或出示实体证件。', '這部手機裡還沒有信任清單。請連上網絡後再掃一次，或出示實體證件。', 'There is no trust list on this phone yet. Go online and scan again, or show your physical document.', 'Ainda não há lista de confiança neste telemóvel. Ligue-se à rede e leia de novo, ou mostre o documento físico.'],
  no_document: ['湾区通里没有能出示的证件。请出示实体证件。', '灣區通裡沒有能出示的證件。請出示實體證件。', 'This pass has no document with which this could be shown. Show your physical document.', 'Este passe não tem documento com que se mostre isto. Mostre o documento físico.'],
  claim_not_in_document: ['前台必须知道的一项，您的证件上没有。请出示实体证件。', '櫃枱必須知道的一項，您的證件上沒有。請出示實體證件。', 'Your document does not say something that the desk requires. Show your physical document.', 'O seu documento não diz algo que o balcão exige. Mostre o documento físico.'],
  no_credential: ['可出示的资料用完了，现在又连不上网络。请联网后再试，或出示实体证件。', '可出示的資料用完了，現在又連不上網絡。請連上網絡後再試，或出示實體證件。', 'Nothing that could be shown is left on this phone. Go online and try again, or show your physical document.', 'Já não há neste telemóvel nada que se possa mostrar. Ligue-se à rede e tente de novo, ou mostre o documento físico.'],
  answer_too_long: ['这么多项放不进一个码。请关掉可选的项目，或出示实体证件。', '這麼多項放不進一個碼。請關掉可選的項目，或出示實體證件。', 'So many items do not fit one code. Switch off an optional one, or show your physical document.', 'Tantos dados não cabem num código. Desligue um opcional, ou mostre o documento físico.'],
  shown_meanwhile: ['另一个窗口刚刚用掉了它。请再扫一次。', '另一個視窗剛剛用掉了它。請再掃一次。', 'Another window has just used it. Scan the code once more.', 'Outra janela acabou de o usar. Leia o código outra vez.'],
  answered_already: ['这个请求已经有人回答。请前台发起新的请求。', '這個請求已經有人回答。請櫃枱發起新的請求。', 'Somebody answered this request already. Ask the desk for a new one.', 'Este pedido já tem resposta. Peça outro ao balcão.'],
  request_unknown: ASK_ANEW,
  credential_shown_before: ASK_ANEW,
  presentation_stale: ASK_ANEW,
  presentation_request_over: ASK_ANEW,
  presentation_from_future: ['前台与这部手机的时间不一致。请核对两边的时钟，再扫一次。', '櫃枱與這部手機的時間不一致。請核對兩邊的時鐘，再掃一次。', 'Desk and phone have different times. Compare the clocks, then scan a new request.', 'Balcão e telemóvel têm horas diferentes. Compare os relógios e leia um novo pedido.'],
  presentation_suspended: ['前台说您的湾区通已暂停。请出示实体证件，并询问发证机关。', '櫃枱說您的灣區通已暫停。請出示實體證件，並詢問發證機關。', 'The desk says that your pass is suspended. Show your physical document, and ask the issuer.', 'O balcão diz que o seu passe está suspenso. Mostre o documento físico e pergunte ao emissor.'],
  presentation_revoked: ['前台说您的湾区通已失效。请出示实体证件，并重新登记湾区通。', '櫃枱說您的灣區通已失效。請出示實體證件，並重新登記灣區通。', 'The desk says that your pass counts no more. Show your physical document, and register the pass again.', 'O balcão diz que o seu passe já não conta. Mostre o documento físico e registe o passe de novo.'],
  lists_too_old: ['前台太久没有联网，现在不能核对。请出示实体证件。', '櫃枱太久沒有連線，現在不能核對。請出示實體證件。', 'The desk was offline for too long to check anything. Show your physical document.', 'O balcão está há demasiado tempo sem rede para verificar. Mostre o documento físico.'],
  desk_refused: ['前台没有接受您的回答。请问前台，或出示实体证件。', '櫃枱沒有接受您的回答。請問櫃枱，或出示實體證件。', 'The desk did not take your answer. Ask there, or show your physical document.', 'O balcão não aceitou a resposta. Pergunte lá, ou mostre o documento físico.'],
}

/** The sentence for a code; one that is new here is a refusal of the desk. */
export const refusal = (code: string): string => spoken(REFUSALS[code] ?? REFUSALS['desk_refused'])

export const claimWord = (claim: ClaimName): string => spoken(CLAIM_WORDS[claim])
/** Claims as people read them: the name first (docs/venues.md has this order). */
export const listed = (claims: readonly ClaimName[]): readonly ClaimName[] => CLAIMS.filter((claim) => claims.includes(claim))
/** Claims in words; that of nothing without any. */
export const claimWords = (claims: readonly ClaimName[]): string => listed(claims).map(claimWord).join(', ') || say('keepsNothing')

export const scenarioWord = (scenario: VenueScenario): string => spoken(SCENARIO_WORDS[scenario])
export const purposeWord = (purpose: string): string => PURPOSE_WORDS[purpose] ? spoken(PURPOSE_WORDS[purpose]) : purpose

/** A kind of document in the current language. */
export function documentWord(kind: string): string {
  switch (kind) {
    case 'mainland_id':
    case 'exit_entry_permit':
    case 'hkid':
    case 'macao_bir':
    case 'home_return_permit': return say(kind)
    default: return spoken(DOCUMENT_WORDS[kind]) || kind
  }
}

/** The value of a claim as people write it; a portrait is a picture and has no words. */
export function valueWord(claim: ClaimName, value: ClaimValue): string {
  if (typeof value === 'boolean') return say(value ? 'yes' : 'no')
  if (typeof value !== 'string') return ''
  if (claim === 'birth_date') return day(value)
  if (claim === 'document_kind') return documentWord(value)
  if (claim === 'region' && (value === 'CHN' || value === 'HKG' || value === 'MAC')) return say(value)
  return claim === 'nationality' && value === 'CHN' ? say('chinese') : value
}
