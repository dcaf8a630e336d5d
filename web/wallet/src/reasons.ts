/**
* Reasons: sentences for the answers of the holder's own authorities about a crossing ahead: why not, and what would change it.
 *
 * The codes are those of docs/reasons.md; a test holds the table to them. `{day}` is the day that the reason speaks of.
 */
import { type Row, day, spoken } from './words.js'

/** Reasons of a verdict on documents and movements. */
export const REASONS: Readonly<Record<string, Row>> = {
  overstay: ['停留期到 {day} 为止，已经超过；请找出入境工作人员。', '逗留期到 {day} 為止，已經超過；請找出入境工作人員。', 'Your stay ended on {day}. Go to an immigration officer.', 'A sua estada terminou em {day}. Dirija-se a um agente da imigração.'],
  no_entries_left: ['签注的次数已用完；需要新的签注。', '簽注的次數已用完；需要新的簽注。', 'Every entry of your endorsement is used. You need a new one.', 'Todas as entradas do visto foram usadas. Precisa de um novo.'],
  endorsement_expired: ['签注到 {day} 为止；需要新的签注。', '簽注到 {day} 為止；需要新的簽注。', 'Your endorsement is valid until {day} only. You need a new one.', 'O seu visto termina em {day}. Precisa de um novo.'],
  endorsement_not_yet_valid: ['签注从 {day} 起才有效。', '簽注從 {day} 起才有效。', 'Your endorsement begins on {day}.', 'O seu visto começa em {day}.'],
  endorsement_lapsed: ['您离开了旅行团，签注自 {day} 起失效；需要新的签注。', '您離開了旅行團，簽注自 {day} 起失效；需要新的簽注。', 'Your endorsement became void on {day}, when you left the tour. You need a new one.', 'Ao deixar o grupo, o visto terminou em {day}. Precisa de um novo.'],
  endorsement_unknown: ['这种签注要由工作人员查看。', '這種簽注要由工作人員查看。', 'An officer has to read this kind of endorsement.', 'Um agente tem de ler este tipo de visto.'],
  wrong_destination: ['您的签注是去另一个地方的。', '您的簽注是去另一個地方的。', 'Your endorsement is for another place.', 'O seu visto é para outro lugar.'],
  no_endorsement: ['您没有去那里的签注。', '您沒有去那裡的簽注。', 'You have no endorsement for that place.', 'Não tem visto para esse lugar.'],
  week_used: ['这一周的一次已经用过；{day} 起可再次过关。', '這一週的一次已經用過；{day} 起可再次過關。', 'You have used this week’s one trip. The next is possible from {day}.', 'A viagem desta semana já foi feita. A próxima é possível a partir de {day}.'],
  not_with_group: ['请与旅行团一起过关。', '請與旅行團一起過關。', 'Cross together with your tour group.', 'Passe juntamente com o seu grupo.'],
  wrong_port: ['这种签注不能在这个口岸使用。', '這種簽注不能在這個口岸使用。', 'Your endorsement is not valid at this port.', 'O seu visto não serve neste posto.'],
  document_expired: ['证件到 {day} 为止；请换领新证件。', '證件到 {day} 為止；請換領新證件。', 'Your document is valid until {day} only. Renew it first.', 'O seu documento termina em {day}. Renove-o primeiro.'],
  document_lost: ['证件已报失；请到办证处。', '證件已報失；請到辦證處。', 'Your document is reported as lost. Go to the office that issued it.', 'O documento foi dado como perdido. Dirija-se ao serviço emissor.'],
  no_permit: ['没有登记能在这里过关的证件。', '沒有登記能在這裡過關的證件。', 'No document that opens this border is registered.', 'Não há documento registado que abra esta fronteira.'],
  permit_not_yet_issued: ['证件从 {day} 起才有。', '證件從 {day} 起才有。', 'This kind of document is issued from {day} only.', 'O documento só existe a partir de {day}.'],
  pass_opens_no_exit: ['一次性通行证只能回家一次。', '一次性通行證只能回家一次。', 'A one-time pass is for one trip home only.', 'O passe único só serve para regressar uma vez.'],
  pass_used: ['一次性通行证已用过或过期；请找工作人员。', '一次性通行證已用過或過期；請找工作人員。', 'The one-time pass was used or has expired. Go to an officer.', 'O passe único foi usado ou terminou. Dirija-se a um agente.'],
  one_time_pass: ['持一次性通行证由工作人员办理。', '持一次性通行證由工作人員辦理。', 'An officer handles a one-time pass.', 'Um agente trata do passe único.'],
  passport_at_counter: ['持护照请到人工柜台。', '持護照請到人工櫃檯。', 'With a passport, go to a staffed counter.', 'Com passaporte, dirija-se ao balcão.'],
  official_at_counter: ['持因公证件请到人工柜台。', '持因公證件請到人工櫃檯。', 'With an official permit, go to a staffed counter.', 'Com salvo-conduto oficial, dirija-se ao balcão.'],
  paper_needed: ['请同时带上居留文件。', '請同時帶上居留文件。', 'Bring the paper that proves your residence, too.', 'Traga também o documento da sua residência.'],
  visa_needed: ['需要先办签证。', '需要先辦簽證。', 'You need a visa first.', 'Precisa primeiro de um visto de entrada.'],
  wrong_side: ['按记录您现在已在另一边；如有不符，请找工作人员。', '按記錄您現在已在另一邊；如有不符，請找工作人員。', 'According to the record you are already on the other side. If that is wrong, go to an officer.', 'Segundo o registo está agora do outro lado. Se não for assim, dirija-se a um agente.'],
  no_entry_record: ['没有入境记录；请找工作人员。', '沒有入境記錄；請找工作人員。', 'There is no record of your entry. Go to an officer.', 'Não há registo da sua entrada. Dirija-se a um agente.'],
  unresolved: ['上一次出境后没有入境记录；请找工作人员。', '上一次出境後沒有入境記錄；請找工作人員。', 'No entry is recorded after your last exit. Go to an officer.', 'À última saída não se seguiu entrada. Dirija-se a um agente.'],
  overstayed_before: ['您上次在那里停留超过了 {day}；请找工作人员。', '您上次在那裡逗留超過了 {day}；請找工作人員。', 'An earlier stay there lasted beyond its last day, {day}. Go to an officer.', 'Uma estada anterior passou do último dia, {day}. Dirija-se a um agente.'],
  guardian_needed: ['未成年人请由监护人陪同。', '未成年人請由監護人陪同。', 'A minor must come with a guardian.', 'Um menor vem com o responsável.'],
}

/** Measures that would be needed at the lane. */
export const MEASURES: Readonly<Record<string, Row>> = {
  pin: ['输入密码', '輸入密碼', 'your PIN', 'o seu PIN'],
  active_liveness: ['按提示转头', '按提示轉頭', 'turning your head as asked', 'virar a cabeça como pedido'],
  second_look: ['再看一次镜头', '再看一次鏡頭', 'another look into the camera', 'olhar de novo para a câmara'],
  physical_document: ['出示实体证件', '出示實體證件', 'your physical document', 'o cartão na mão'],
  guardian: ['监护人在场', '監護人在場', 'a guardian with you', 'o responsável ao lado'],
  officer: ['工作人员查看', '工作人員查看', 'an officer', 'um agente'],
}

/** Why the lane for crossing codes at a port is not open. */
export const LANES: Readonly<Record<string, Row>> = {
  age: ['年龄未到', '年齡未到', 'you are too young for this lane', 'é demasiado novo para esta passagem'],
  height: ['身高未到', '身高未到', 'you are not tall enough for this lane', 'não tem altura para esta passagem'],
  not_registered: ['尚未登记使用联合通道', '尚未登記使用聯合通道', 'you are not registered for this lane', 'não está registado para esta passagem'],
  residence_class: ['这条通道不供您这类居民使用', '這條通道不供您這類居民使用', 'this lane does not serve your kind of residence', 'esta passagem não serve o seu tipo de residência'],
  document_kind: ['这条通道不收您的证件', '這條通道不收您的證件', 'this lane does not take your document', 'esta passagem não aceita o seu documento'],
  endorsement_kind: ['这条通道不收您的签注', '這條通道不收您的簽注', 'this lane does not take your endorsement', 'esta passagem não aceita o seu visto'],
  no_such_lane: ['这个口岸没有扫码通道', '這個口岸沒有掃碼通道', 'this port has no lane for codes', 'este posto não tem passagem para códigos'],
  port_reserved: ['这个口岸此时供其他人使用', '這個口岸此時供其他人使用', 'this port is reserved for others at that hour', 'este posto serve outros a essa hora'],
  unknown_port: ['那天没有这个口岸', '那天沒有這個口岸', 'there is no such port on that day', 'não há tal posto nesse dia'],
  wrong_port: ['这个口岸不通往那里', '這個口岸不通往那裡', 'this port is not on your way', 'este posto não leva até lá'],
  hours: ['此时口岸不开放', '此時口岸不開放', 'the port is closed at that hour', 'o posto está fechado a essa hora'],
  port_closed: ['那天口岸不开放', '那天口岸不開放', 'the port is closed on that day', 'o posto está fechado nesse dia'],
  means: ['这个口岸不能步行通过', '這個口岸不能步行通過', 'this port cannot be crossed on foot', 'neste posto não se passa a pé'],
}

/** The sentence for a reason in the current language; an unknown reason sends the holder to an officer. */
export function reason(code: string, on: string | null | undefined): string {
  return spoken(REASONS[code] ?? REASONS['endorsement_unknown']).replace('{day}', on ? day(on) : '')
}
