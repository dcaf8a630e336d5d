/** The text that an officer reads for each reason of their own authority, in four languages; a test holds the codes to docs/reasons.md. */
import type { Language } from './card'

type Row = readonly [hans: string, hant: string, en: string, pt: string]

export const REASONS: Readonly<Record<string, Row>> = {
  admitted: ['符合条件', '符合條件', 'all conditions are met', 'nada obsta'],
  request_mismatch: ['闸机请求与附件不符', '閘機請求與附件不符', 'the gate’s request does not match the data sent with it', 'o pedido da cancela não corresponde ao que veio com ele'],
  not_approved: ['此地此时未获批准', '此地此時未獲批准', 'no approval covers this place and time', 'nenhuma autorização cobre este lugar e hora'],
  token_malformed: ['令牌格式错误', '令牌格式錯誤', 'the token is malformed', 'a ficha está malformada'],
  unknown_issuer: ['签发机关不明', '簽發機關不明', 'no trusted issuer signed the token', 'emissor da ficha desconhecido'],
  token_forged: ['令牌签名无效：疑似伪造', '令牌簽名無效：疑似偽造', 'the token’s signature is not valid: a forgery', 'assinatura da ficha inválida: falsificação'],
  token_expired: ['令牌过期', '令牌過期', 'the token has expired', 'ficha expirada'],
  token_revoked: ['令牌已吊销', '令牌已吊銷', 'the token was revoked', 'ficha revogada'],
  token_spent: ['令牌已使用', '令牌已使用', 'the token was used already', 'ficha já usada'],
  proof_invalid: ['不是本人手机为本通道出示的码', '不是本人手機為本通道出示的碼', 'the proof was not made by this phone for this lane', 'a prova não é deste telemóvel para esta passagem'],
  proof_stale: ['码太旧或时间不对', '碼太舊或時間不對', 'the code is too old, or from the future', 'código demasiado antigo ou do futuro'],
  part_mismatch: ['加密分片不属于此令牌', '加密分片不屬於此令牌', 'the part belongs to another token', 'a parte pertence a outra ficha'],
  part_unreadable: ['加密分片无法打开', '加密分片無法打開', 'the part cannot be opened', 'a parte não abre'],
  part_forged: ['加密分片不是本机关制作的，密钥可能外泄', '加密分片不是本機關製作的，密鑰可能外洩', 'this authority never made the part: its keys may be known to others', 'a parte não foi feita por esta autoridade: as suas chaves podem ser conhecidas de terceiros'],
  part_foreign: ['加密分片内的证件不由其机关签发', '加密分片內的證件不由其機關簽發', 'the part holds a document that its maker does not issue', 'a parte indica um documento que o autor não emite'],
  page_unreadable: ['证件页无法打开', '證件頁無法打開', 'the page of the card cannot be opened', 'a página do documento não abre'],
  page_foreign: ['本机关不读取这种证件', '本機關不讀取這種證件', 'this authority does not read such a card', 'esta autoridade não lê este documento'],
  page_stale: ['放上证件的时间过久', '放上證件的時間過久', 'the cards were laid down too long ago', 'os documentos foram pousados há demasiado tempo'],
  page_mismatch: ['出生日期与登记不符：请核对证件', '出生日期與登記不符：請核對證件', 'the date of birth is not the registered one: see the card', 'a data de nascimento não é a registada: veja o documento'],
  document_replaced: ['此证件已换发新证', '此證件已換發新證', 'the card was replaced by a newer one', 'o documento foi substituído por outro mais recente'],
  no_portrait: ['本机关没有持证人照片：请查看证件并比对', '本機關沒有持證人照片：請查看證件並比對', 'no portrait is held here: see the card and compare', 'não há retrato aqui: veja o documento e compare'],
  endorsement_not_read: ['签注只在证件上：请查看签注', '簽注只在證件上：請查看簽注', 'the endorsement stands on the card alone: read it there', 'o visto está só no documento: leia-o aí'],
  probe_unreadable: ['面部图像无法读取', '面部圖像無法讀取', 'the face picture cannot be read', 'a imagem do rosto não se lê'],
  template_unknown: ['面部模板类型不被接受', '面部模板類型不被接受', 'the face template is of an unknown kind', 'modelo facial de outro tipo'],
  face_mismatch: ['面部与证件照不是同一人', '面部與證件照不是同一人', 'the face is not the holder’s', 'o rosto é de outra pessoa'],
  face_unsure: ['面部相似度不足以判断：请比对', '面部相似度不足以判斷：請比對', 'the face match is uncertain: compare', 'rosto duvidoso: compare'],
  face_age: ['此年龄段面部识别把握较低：请比对', '此年齡段面部識別把握較低：請比對', 'faces tell less at this age: compare', 'nesta idade o rosto diz menos: compare'],
  face_minor: ['未满14岁：须有监护人或由警员核对', '未滿14歲：須有監護人或由警員核對', 'under 14: a guardian, or compare yourself', 'menor de 14: com responsável, ou compare'],
  face_look_alike: ['有相貌相似者（如双胞胎）：请比对', '有相貌相似者（如雙胞胎）：請比對', 'somebody looks alike (a twin): compare', 'há quem se pareça (um gémeo): compare'],
  face_absent: ['没有可用的面部图像：请查看证件并比对', '沒有可用的面部圖像：請查看證件並比對', 'no face was taken: see the document and compare', 'sem imagem do rosto: veja o documento e compare'],
  not_registered: ['证件未登记', '證件未登記', 'the document is not in the registry', 'documento não registado'],
  carer_ended: ['照顾者手机上的湾区通已结束', '照顧者手機上的灣區通已結束', 'the pass on a carer’s phone is over', 'terminou o passe no telemóvel de quem cuida'],
  pass_ended: ['湾区通已终止', '灣區通已終止', 'the pass was ended', 'o passe foi terminado'],
  pass_suspended: ['湾区通已暂停使用：请到柜台', '灣區通已暫停使用：請到櫃檯', 'the pass is suspended: see the counter', 'o passe está suspenso: ao balcão'],
  risk_check: ['须多核验一步：请按提示办理', '須多核驗一步：請按提示辦理', 'one more check: carry out what is asked for', 'mais uma verificação: faça o que é pedido'],
  unresolved_passage: ['此前有一次过关未结清', '此前有一次過關未結清', 'an earlier passage is unresolved', 'uma passagem anterior está por resolver'],
  stale_lists: ['名单过旧：请查看证件', '名單過舊：請查看證件', 'the lists are out of date: see the document', 'listas antigas: veja o documento'],
  busy: ['另一通道正在处理此人', '另一通道正在處理此人', 'another lane holds this person or token', 'outra passagem trata desta pessoa'],
  clearance_over: ['此次查验已结束', '此次查驗已結束', 'the clearance has already ended', 'a verificação já terminou'],
  not_open_to_holder: ['本通道不适用此旅客', '本通道不適用此旅客', 'this lane does not serve this traveller', 'esta passagem não serve este viajante'],
  port_closed: ['口岸此时不开放', '口岸此時不開放', 'the port is closed now', 'o posto está fechado agora'],
  overstay: ['逾期停留', '逾期逗留', 'the stay has ended', 'estada ultrapassada'],
  no_entries_left: ['签注次数已用完', '簽注次數已用完', 'the endorsement has no entries left', 'visto sem entradas restantes'],
  endorsement_expired: ['签注已过期', '簽注已過期', 'the endorsement has expired', 'visto expirado'],
  endorsement_not_yet_valid: ['签注尚未生效', '簽注尚未生效', 'the endorsement is not valid yet', 'visto ainda não válido'],
  endorsement_lapsed: ['离团后签注已失效', '離團後簽注已失效', 'the endorsement became void when the traveller left the tour', 'visto caducado ao deixar o grupo'],
  endorsement_unknown: ['签注种类须人工查看', '簽注種類須人工查看', 'unknown form of endorsement: read it', 'tipo de visto desconhecido: leia-o'],
  wrong_destination: ['签注目的地不符', '簽注目的地不符', 'the endorsement is for another place', 'visto para outro destino'],
  no_endorsement: ['没有签注', '沒有簽注', 'no endorsement', 'sem visto'],
  week_used: ['本周一次已用', '本週一次已用', 'this week’s one trip is used', 'a viagem desta semana já foi feita'],
  not_with_group: ['须随团通行', '須隨團通行', 'the traveller is not with the tour group', 'o grupo não está presente'],
  wrong_port: ['签注不适用本口岸', '簽注不適用本口岸', 'the endorsement is not valid at this port', 'visto não válido neste posto'],
  document_expired: ['证件已过期', '證件已過期', 'the document has expired', 'documento expirado'],
  document_lost: ['证件已报失', '證件已報失', 'the document was reported lost', 'documento dado como perdido'],
  no_permit: ['没有可通行的证件', '沒有可通行的證件', 'no document that opens this border', 'sem documento que abra esta fronteira'],
  permit_not_yet_issued: ['证件在该日尚未签发', '證件在該日尚未簽發', 'this kind of document was not issued yet on that day', 'documento ainda não emitido nesse dia'],
  pass_opens_no_exit: ['一次性通行证不能用于出境', '一次性通行證不能用於出境', 'a one-time pass opens no exit', 'o passe único não permite saída'],
  pass_used: ['一次性通行证已用或过期', '一次性通行證已用或過期', 'the one-time pass was used or has expired', 'passe único usado ou expirado'],
  one_time_pass: ['一次性通行证：请办理手续', '一次性通行證：請辦理手續', 'a one-time pass: complete its formalities', 'passe único: complete as formalidades'],
  passport_at_counter: ['护照请到柜台办理', '護照請到櫃檯辦理', 'passports are dealt with at the counter', 'passaportes tratam-se ao balcão'],
  official_at_counter: ['因公证件请到柜台办理', '因公證件請到櫃檯辦理', 'official permits are dealt with at the counter', 'salvo-condutos oficiais tratam-se ao balcão'],
  paper_document: ['纸质通行码：须查看证件', '紙本通行碼：須查看證件', 'a paper pass: the document must be seen', 'passe em papel: é preciso ver o documento'],
  paper_not_today: ['纸质通行码不是今天用的', '紙本通行碼不是今天用的', 'a paper pass of another day', 'passe em papel de outro dia'],
  paper_lane: ['此通道不接受纸质通行码', '此通道不接受紙本通行碼', 'this lane takes no paper pass', 'esta passagem não aceita passe em papel'],
  counter_unknown: ['办证柜台密钥不受信任', '辦證櫃枱密鑰不受信任', 'no trusted counter’s key made this paper pass', 'nenhuma chave de balcão de emissão de confiança fez este passe em papel'],
  paper_needed: ['须查看居留文件', '須查看居留文件', 'another paper must be seen', 'é preciso ver outro documento'],
  visa_needed: ['须先有签证', '須先有簽證', 'a visa is needed first', 'é preciso visto de entrada'],
  wrong_side: ['最近记录显示旅客在另一边', '最近記錄顯示旅客在另一邊', 'according to the ledger the traveller is on the other side', 'segundo o registo está do outro lado'],
  no_entry_record: ['没有入境记录', '沒有入境記錄', 'no entry is on record', 'sem registo de entrada'],
  unresolved: ['上次出境后没有入境记录', '上次出境後沒有入境記錄', 'no entry is recorded after the last exit', 'a última saída não tem entrada'],
  overstayed_before: ['以前曾逾期停留', '以前曾逾期逗留', 'an earlier stay lasted beyond its last day', 'uma estada anterior foi ultrapassada'],
  guardian_needed: ['未成年人须有监护人', '未成年人須有監護人', 'a minor needs a guardian', 'menor sem responsável'],
}

/** What risk control had in doubt, as the own authority lets this officer know it (docs/risk.md); a test holds the words to that page. */
export const DOUBTS: Readonly<Record<string, Row>> = {
  whose_phone: ['是否本人的手机', '是否本人的手機', 'whose phone it is', 'de quem é o telemóvel'],
  whose_face: ['是否本人的面部', '是否本人的面部', 'whose face it is', 'de quem é o rosto'],
  live_face: ['是否真人', '是否真人', 'whether the face is live', 'se o rosto é vivo'],
  which_document: ['证件是否有效', '證件是否有效', 'which document counts', 'qual documento vale'],
  code_relayed: ['通行码是否转自他处', '通行碼是否轉自他處', 'whether the code was carried here', 'se o código veio de outro lugar'],
  device_cloned: ['手机是否被复制', '手機是否被複製', 'whether the phone was copied', 'se o telemóvel foi copiado'],
  travel_impossible: ['两次过关时间过近', '兩次過關時間過近', 'two crossings too close together', 'duas passagens demasiado próximas'],
  unusual_use: ['与往常使用不同', '與往常使用不同', 'unlike this person’s habit', 'diferente do hábito'],
  watch_list: ['布控：请按规定处理', '布控：請按規定處理', 'on the watch list: follow your instructions', 'lista de vigilância: siga as instruções'],
  random_check: ['随机抽查', '隨機抽查', 'checked by lot', 'verificação por sorteio'],
  engine: ['规则未能运行', '規則未能運行', 'the rules could not be asked', 'as regras não responderam'],
  other: ['其他核验', '其他核驗', 'another check', 'outra verificação'],
}

/** The words for a doubt. */
export function doubtWords(doubt: string, language: Language): string {
  const row = DOUBTS[doubt]
  return row ? row[['zh-Hans', 'zh-Hant', 'en', 'pt'].indexOf(language)]! : doubt.replaceAll('_', ' ')
}

/** The words for a code, with the day that the authority's own sentence names. */
export function reasonWords(code: string, detail: string, language: Language): string {
  const row = REASONS[code]
  const words = row ? row[['zh-Hans', 'zh-Hant', 'en', 'pt'].indexOf(language)]! : code.replaceAll('_', ' ')
  const day = /\((\d{4}-\d{2}-\d{2})\)/.exec(detail)?.[1]
  return day ? `${words} (${day})` : words
}
