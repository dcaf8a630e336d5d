/** Document words: kinds of document that few travellers have, as wallet and officer name them alike. The others each names for its readers. */

/** In simplified and traditional Chinese, English, Portuguese. */
export const DOCUMENT_WORDS: Readonly<Record<string, readonly [hans: string, hant: string, en: string, pt: string]>> = {
  residence_permit: ['港澳台居民居住证', '港澳台居民居住證', 'Residence permit', 'Autorização de residência'],
  passport: ['护照', '護照', 'Passport', 'Passaporte'],
  one_way_permit: ['前往港澳通行证', '前往港澳通行證', 'One-way permit', 'Salvo-conduto singular'],
  one_time_pass: ['一次性出入境通行证', '一次性出入境通行證', 'One-time pass', 'Passe de uma viagem'],
  document_of_identity: ['签证身份书', '簽證身份書', 'Document of Identity', 'Documento de identidade para fins de visto'],
  inbound_pass: ['口岸签发的一次性入境通行证', '口岸簽發的一次性入境通行證', 'One-time pass for one entry, made at the port', 'Passe de uma entrada, emitido no posto'],
  reentry_permit: ['回港证', '回港證', 'Hong Kong re-entry permit', 'Autorização de reentrada de Hong Kong'],
  hksar_passport: ['香港特别行政区护照', '香港特別行政區護照', 'HKSAR passport', 'Passaporte da RAE de Hong Kong'],
  official_permit: ['因公往来港澳通行证', '因公往來港澳通行證', 'Official permit', 'Salvo-conduto oficial'],
  visit_permit: ['澳门居民往来香港特别行政区旅游证', '澳門居民往來香港特別行政區旅遊證', 'Macao visit permit to Hong Kong', 'Título de visita de residente de Macau a Hong Kong'],
}
