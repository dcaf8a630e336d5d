/** Links of other systems by their schemes: what an issuer offers, what a verifier asks (OpenID4VCI 1.0, 4.1; OpenID4VP 1.0, 5; HAIP 1.0). */

export const isOfferLink = (text: string): boolean => /^(openid-credential-offer|haip-vci):(\/\/)?[^?]*\?/i.test(text)
export const isRequestLink = (text: string): boolean => /^(openid4vp|haip-vp|haip|mdoc-openid4vp|eudi-openid4vp):(\/\/)?[^?]*\?/i.test(text)
