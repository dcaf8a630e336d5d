/** Kinds of document as an officer reads them, in four languages; a test holds the kinds to those of the authorities. */
import { DOCUMENT_WORDS } from '../../core/document-words'
import type { Language } from './card'

type Row = readonly [hans: string, hant: string, en: string, pt: string]

export const DOCUMENTS: Readonly<Record<string, Row>> = {
  mainland_id: ['居民身份证', '居民身份證', 'Mainland identity card', 'Bilhete de identidade do Interior da China'],
  hkid: ['香港身份证', '香港身份證', 'Hong Kong identity card', 'Bilhete de identidade de Hong Kong'],
  macao_bir: ['澳门居民身份证', '澳門居民身份證', 'Macao resident identity card', 'Bilhete de identidade de residente de Macau'],
  exit_entry_permit: ['往来港澳通行证', '往來港澳通行證', 'Exit-Entry Permit', 'Salvo-conduto para Hong Kong e Macau'],
  home_return_permit: ['港澳居民来往内地通行证（回乡证）', '港澳居民來往內地通行證（回鄉證）', 'Home Return Permit', 'Salvo-conduto de regresso'],
  ...DOCUMENT_WORDS,
}

/** A kind of document; one that is new here stands for itself. */
export const documentWord = (kind: string, language: Language): string =>
  DOCUMENTS[kind]?.[['zh-Hans', 'zh-Hant', 'en', 'pt'].indexOf(language)] ?? kind.replaceAll('_', ' ')
