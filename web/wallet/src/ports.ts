/** Made by tools/ports.mjs from crates/documents/data/ports.toml; a test holds it to that file. */
import type { Authority } from '../../core/border.js'

/** A control point that takes codes. Names in the order zh-Hans, zh-Hant, en, pt, as each side calls it. */
export interface Port {
  readonly id: string
  /** One lane for both sides, a lane for each, or either. */
  readonly lanes: 'joint' | 'two' | 'any'
  readonly names: Readonly<Partial<Record<Authority, readonly string[]>>>
}

export const PORTS: readonly Port[] = [
  { id: "shenzhen-bay", lanes: 'two', names: { CHN: ["深圳湾口岸","深圳灣口岸","Shenzhen Bay Port","Posto Fronteiriço da Baía de Shenzhen"], HKG: ["深圳湾管制站","深圳灣管制站","Shenzhen Bay Control Point","Posto de Controlo da Baía de Shenzhen"] } },
  { id: "futian", lanes: 'two', names: { CHN: ["福田口岸","福田口岸","Futian Port","Posto Fronteiriço de Futian"], HKG: ["落马洲支线管制站","落馬洲支線管制站","Lok Ma Chau Spur Line","Posto de Controlo do Ramal de Lok Ma Chau"] } },
  { id: "huanggang", lanes: 'two', names: { CHN: ["皇岗口岸","皇崗口岸","Huanggang Port","Posto Fronteiriço de Huanggang"], HKG: ["落马洲管制站","落馬洲管制站","Lok Ma Chau","Posto de Controlo de Lok Ma Chau"] } },
  { id: "luohu", lanes: 'two', names: { CHN: ["罗湖口岸","羅湖口岸","Luohu Port","Posto Fronteiriço de Luohu"], HKG: ["罗湖管制站","羅湖管制站","Lo Wu","Posto de Controlo de Lo Wu"] } },
  { id: "liantang", lanes: 'two', names: { CHN: ["莲塘口岸","蓮塘口岸","Liantang Port","Posto Fronteiriço de Liantang"], HKG: ["香园围边境管制站","香園圍邊境管制站","Heung Yuen Wai","Posto de Controlo de Heung Yuen Wai"] } },
  { id: "wenjindu", lanes: 'two', names: { CHN: ["文锦渡口岸","文錦渡口岸","Wenjindu Port","Posto Fronteiriço de Wenjindu"], HKG: ["文锦渡管制站","文錦渡管制站","Man Kam To","Posto de Controlo de Man Kam To"] } },
  { id: "shatoujiao", lanes: 'two', names: { CHN: ["沙头角口岸","沙頭角口岸","Shatoujiao Port","Posto Fronteiriço de Shatoujiao"], HKG: ["沙头角管制站","沙頭角管制站","Sha Tau Kok","Posto de Controlo de Sha Tau Kok"] } },
  { id: "west-kowloon", lanes: 'two', names: { CHN: ["西九龙站口岸","西九龍站口岸","West Kowloon Station Port","Posto Fronteiriço da Estação de West Kowloon"], HKG: ["高铁西九龙站管制站","高鐵西九龍站管制站","Express Rail Link West Kowloon","Posto de Controlo da Estação de West Kowloon"] } },
  { id: "hzmb-hkg-zhu", lanes: 'two', names: { CHN: ["港珠澳大桥珠海公路口岸","港珠澳大橋珠海公路口岸","HZMB Zhuhai Port","Posto Fronteiriço de Zhuhai da Ponte Hong Kong-Zhuhai-Macau"], HKG: ["港珠澳大桥香港口岸","港珠澳大橋香港口岸","HZMB Hong Kong Port","Posto Fronteiriço de Hong Kong da Ponte Hong Kong-Zhuhai-Macau"] } },
  { id: "shekou", lanes: 'two', names: { CHN: ["蛇口口岸(邮轮母港)","蛇口郵輪母港","Shekou Cruise Home Port","Porto de Cruzeiros de Shekou"], HKG: ["港澳客轮码头、海天客运码头","港澳客輪碼頭、海天客運碼頭","Macau Ferry Terminal; airport SkyPier","Terminal Marítimo Hong Kong-Macau; SkyPier"] } },
  { id: "fuyong", lanes: 'two', names: { CHN: ["深圳机场福永码头","深圳機場福永碼頭","Fuyong (airport) ferry","Terminal Marítimo de Fuyong"], HKG: ["海天客运码头、客运码头","海天客運碼頭、客運碼頭","SkyPier, ferry terminals","SkyPier, terminais marítimos"] } },
  { id: "jiuzhou", lanes: 'two', names: { CHN: ["珠海九洲港","珠海九洲港","Jiuzhou ferry port","Porto de Jiuzhou"], HKG: ["中国客运码头","中國客運碼頭","China Ferry Terminal; SkyPier","Terminal Marítimo da China; SkyPier"] } },
  { id: "zhongshan", lanes: 'two', names: { CHN: ["中山港","中山港","Zhongshan ferry port","Porto de Zhongshan"], HKG: ["中国客运码头","中國客運碼頭","China Ferry Terminal; SkyPier","Terminal Marítimo da China; SkyPier"] } },
  { id: "pazhou", lanes: 'two', names: { CHN: ["广州琶洲","廣州琶洲","Pazhou ferry port","Porto de Pazhou"], HKG: ["中国客运码头","中國客運碼頭","China Ferry Terminal; SkyPier","Terminal Marítimo da China; SkyPier"] } },
  { id: "nansha", lanes: 'two', names: { CHN: ["广州南沙","廣州南沙","Nansha ferry port","Porto de Nansha"], HKG: ["中国客运码头","中國客運碼頭","China Ferry Terminal; SkyPier","Terminal Marítimo da China; SkyPier"] } },
  { id: "humen", lanes: 'two', names: { CHN: ["东莞虎门","東莞虎門","Humen ferry port","Porto de Humen"], HKG: ["中国客运码头","中國客運碼頭","China Ferry Terminal; SkyPier","Terminal Marítimo da China; SkyPier"] } },
  { id: "jiangmen", lanes: 'two', names: { CHN: ["江门","江門","Jiangmen ferry port","Porto de Jiangmen"], HKG: ["中国客运码头","中國客運碼頭","China Ferry Terminal; SkyPier","Terminal Marítimo da China; SkyPier"] } },
  { id: "gongbei", lanes: 'two', names: { CHN: ["拱北口岸","拱北口岸","Gongbei Port","Posto Fronteiriço de Gongbei"], MAC: ["关闸口岸","關閘口岸","Barrier Gate","Posto Fronteiriço das Portas do Cerco"] } },
  { id: "hengqin", lanes: 'any', names: { CHN: ["横琴口岸","橫琴口岸","Hengqin Port","Posto Fronteiriço de Hengqin"], MAC: ["横琴口岸澳门口岸区","橫琴口岸澳門口岸區","Hengqin Port, Macao Port Area","Posto Fronteiriço Hengqin"] } },
  { id: "qingmao", lanes: 'joint', names: { CHN: ["青茂口岸","青茂口岸","Qingmao Port","Posto Fronteiriço de Qingmao"], MAC: ["青茂口岸","青茂口岸","Qingmao Port","Posto Fronteiriço Qingmao"] } },
  { id: "hzmb-zhu-mac", lanes: 'joint', names: { CHN: ["港珠澳大桥珠海公路口岸","港珠澳大橋珠海公路口岸","HZMB Zhuhai Port","Posto Fronteiriço de Zhuhai da Ponte Hong Kong-Zhuhai-Macau"], MAC: ["港珠澳大桥澳门口岸","港珠澳大橋澳門口岸","HZMB Macao Port","Posto Fronteiriço da Ponte Hong Kong-Zhuhai-Macau"] } },
  { id: "cross-border-zone", lanes: 'two', names: { CHN: ["珠澳跨境工业区口岸","珠澳跨境工業區口岸","Zhuhai-Macao Cross-border Industrial Zone","Parque Industrial Transfronteiriço Zhuhai-Macau"], MAC: ["珠澳跨境工业区口岸","珠澳跨境工業區口岸","Cross-border Industrial Zone","Parque Industrial Transfronteiriço"] } },
  { id: "wanzai", lanes: 'two', names: { CHN: ["湾仔口岸","灣仔口岸","Wanzai ferry port","Porto de Wanzai"], MAC: ["内港码头","內港碼頭","Inner Harbour ferry terminal","Terminal Marítimo do Porto Interior"] } },
  { id: "jiuzhou-mac", lanes: 'two', names: { CHN: ["珠海九洲港","珠海九洲港","Jiuzhou","Porto de Jiuzhou"], MAC: ["外港客运码头、氹仔客运码头","外港客運碼頭、氹仔客運碼頭","Outer Harbour; Taipa ferry terminals","Terminal Marítimo do Porto Exterior; Terminal Marítimo da Taipa"] } },
  { id: "shekou-mac", lanes: 'two', names: { CHN: ["蛇口口岸(邮轮母港)","蛇口郵輪母港","Shekou Cruise Home Port","Porto de Cruzeiros de Shekou"], MAC: ["外港客运码头、氹仔客运码头","外港客運碼頭、氹仔客運碼頭","Outer Harbour; Taipa ferry terminals","Terminal Marítimo do Porto Exterior; Terminal Marítimo da Taipa"] } },
  { id: "hzmb-hkg-mac", lanes: 'two', names: { HKG: ["港珠澳大桥香港口岸","港珠澳大橋香港口岸","HZMB Hong Kong Port","Posto Fronteiriço de Hong Kong da Ponte Hong Kong-Zhuhai-Macau"], MAC: ["港珠澳大桥澳门口岸","港珠澳大橋澳門口岸","HZMB Macao Port","Posto Fronteiriço da Ponte Hong Kong-Zhuhai-Macau"] } },
  { id: "ferry-hkg-mac", lanes: 'two', names: { HKG: ["港澳客轮码头","港澳客輪碼頭","Hong Kong-Macau Ferry Terminal; China Ferry Terminal; SkyPier","Terminal Marítimo Hong Kong-Macau"], MAC: ["外港客运码头、氹仔客运码头","外港客運碼頭、氹仔客運碼頭","Outer Harbour; Taipa ferry terminals","Terminal Marítimo do Porto Exterior; Terminal Marítimo da Taipa"] } },
]
