/** Kinds of document as an officer reads them, in four languages; a test holds the kinds to those of the authorities. */
import type { Language } from './card'

type Row = readonly [hans: string, hant: string, en: string, pt: string]

export const DOCUMENTS: Readonly<Record<string, Row>> = {
  mainland_id: ['居民身份证', '居民身份證', 'Mainland identity card', 'Bilhete de identidade do Interior da China'],
  residence_permit: ['港澳台居民居住证', '港澳台居民居住證', 'Residence permit', 'Autorização de residência'],
  hkid: ['香港身份证', '香港身份證', 'Hong Kong identity card', 'Bilhete de identidade de Hong Kong'],
  macao_bir: ['澳门居民身份证', '澳門居民身份證', 'Macao resident identity card', 'Bilhete de identidade de residente de Macau'],
  exit_entry_permit: ['往来港澳通行证', '往來港澳通行證', 'Exit-Entry Permit', 'Salvo-conduto para Hong Kong e Macau'],
  home_return_permit: ['港澳居民来往内地通行证（回乡证）', '港澳居民來往內地通行證（回鄉證）', 'Home Return Permit', 'Salvo-conduto de regresso'],
  passport: ['护照', '護照', 'Passport', 'Passaporte'],
  one_way_permit: ['前往港澳通行证', '前往港澳通行證', 'One-way permit', 'Salvo-conduto singular'],
  one_time_pass: ['一次性出入境通行证', '一次性出入境通行證', 'One-time pass', 'Passe de uma viagem'],
  document_of_identity: ['签证身份书', '簽證身份書', 'Document of Identity', 'Documento de identidade para fins de visto'],
  visit_permit: ['澳门居民往来香港特别行政区旅游证', '澳門居民往來香港特別行政區旅遊證', 'Macao visit permit to Hong Kong', 'Título de visita de residente de Macau a Hong Kong'],
  inbound_pass: ['口岸签发的一次性入境通行证', '口岸簽發的一次性入境通行證', 'One-time pass for one entry', 'Passe de uma entrada, emitido no posto'],
  reentry_permit: ['回港证', '回港證', 'Hong Kong re-entry permit', 'Autorização de reentrada de Hong Kong'],
  hksar_passport: ['香港特别行政区护照', '香港特別行政區護照', 'HKSAR passport', 'Passaporte da RAE de Hong Kong'],
  official_permit: ['因公往来港澳通行证', '因公往來港澳通行證', 'Official permit', 'Salvo-conduto oficial'],
}

/** A kind of document; one that is new here stands for itself. */
export const documentWord = (kind: string, language: Language): string =>
  DOCUMENTS[kind]?.[['zh-Hans', 'zh-Hant', 'en', 'pt'].indexOf(language)] ?? kind.replaceAll('_', ' ')
