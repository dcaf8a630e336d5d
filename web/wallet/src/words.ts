/**
* Words: every text of the wallet in four languages, and the current language. A row without four texts does not compile.
 *
* No text says why an authority refers a traveller: at a lane there is one neutral sentence.
 */
import { reactive } from 'vue'
import { announceLanguage, load, save, systemLanguage } from './platform.js'

export const LANGUAGES = ['zh-Hans', 'zh-Hant', 'en', 'pt'] as const
export type Language = (typeof LANGUAGES)[number]
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { 'zh-Hans': '简体中文', 'zh-Hant': '繁體中文', en: 'English', pt: 'Português' }

/** A text in the order of `LANGUAGES`. */
export type Row = readonly [hans: string, hant: string, en: string, pt: string]
const rows = <K extends string>(table: Record<K, Row>): Record<K, Row> => table

export const WORDS = rows({
  app: ['湾区通', '灣區通', 'Bay Pass', 'Bay Pass'],
  complement: ['您的证件始终是您的证件，请随身携带。', '您的證件始終是您的證件，請隨身攜帶。', 'Your card remains your document: bring it along.', 'O seu cartão continua a ser o seu documento: traga-o consigo.'],
  slogan: ['一个码，两边过关', '一個碼，兩邊過關', 'One code for both sides of the border', 'Um código para os dois lados da fronteira'],
  stepOf: ['第 {n} 步，共 {of} 步', '第 {n} 步，共 {of} 步', 'Step {n} of {of}', 'Passo {n} de {of}'],
  numberShort: ['号码', '號碼', 'Number', 'Número'],
  validShort: ['有效期至', '有效期至', 'Valid until', 'Válido até'],
  validNow: ['有效', '有效', 'Valid', 'Válido'],
  ready: ['离线可用', '離線可用', 'Ready offline', 'Prontos sem rede'],
  codes: ['{n} 个码', '{n} 個碼', '{n} codes', '{n} códigos'],
  mayCross: ['我能过关吗？', '我能過關嗎？', 'May I cross?', 'Posso passar?'],
  onDay: ['日期', '日期', 'Day', 'Dia'],
  todayWord: ['今天', '今天', 'Today', 'Hoje'],
  tomorrow: ['明天', '明天', 'Tomorrow', 'Amanhã'],
  crossYes: ['您的证件允许在这一天过关', '您的證件允許在這一天過關', 'Your documents allow it on that day', 'Os seus documentos permitem-no nesse dia'],
  crossNo: ['您的证件在这一天不允许过关', '您的證件在這一天不允許過關', 'Your documents do not allow it on that day', 'Os seus documentos não o permitem nesse dia'],
  crossHome: ['回家的路不会因证件过期被自己一方拒绝；可能需要人工核对。', '回家的路不會因證件過期被自己一方拒絕；可能需要人工核對。', 'Your home authority never refuses your return; an officer may check.', 'O seu lado nunca lhe recusa o regresso; um agente pode ter de verificar.'],
  crossRecord: ['按 {n} 的登记', '按 {n} 的登記', 'According to your records of {n}', 'Segundo o registo das autoridades, em {n}'],
  crossUnknown: ['每周次数和停留天数只有出入境机关知道：可以问一问。', '每週次數和停留天數只有出入境機關知道：可以問一問。', 'Only your authorities know weekly limits and days of stay. You can ask them.', 'Os limites semanais e os dias de estada só as autoridades os conhecem: pode perguntar-lhes.'],
  askAuthorities: ['问发证机关', '問發證機關', 'Ask my authorities', 'Perguntar às autoridades'],
  askTells: ['会告诉它们您想去哪里、哪一天。', '會告訴它們您想去哪裡、哪一天。', 'This tells them where and when you want to cross.', 'Isto diz-lhes aonde quer ir e quando.'],
  answer_admit: ['{n}：可以过关', '{n}：可以過關', '{n}: yes, you may', '{n}: sim, pode'],
  answer_verify: ['{n}：可以，但要多核对一步', '{n}：可以，但要多核對一步', '{n}: yes, after one more check', '{n}: sim, após mais uma verificação'],
  answer_refer: ['{n}：不可以', '{n}：不可以', '{n}: no', '{n}: não'],
  answerNone: ['{n}在这条路上不作决定。', '{n}在這條路上不作決定。', '{n} makes no decision in this direction.', '{n} nada decide neste sentido.'],
  answerMeasures: ['届时需要：{n}', '屆時需要：{n}', 'Needed at the lane: {n}', 'O que é preciso lá: {n}'],
  answerLeft: ['之后还剩 {n} 次', '之後還剩 {n} 次', 'Entries left afterwards: {n}', 'Entradas que restam depois: {n}'],
  answerStay: ['停留到 {day} 为止', '逗留到 {day} 為止', 'Stay until {day}', 'Estada até {day}'],
  answerLane: ['扫码通道（{port}）：{n}', '掃碼通道（{port}）：{n}', 'Lane for crossing codes ({port}): {n}', 'Passagem para códigos ({port}): {n}'],
  answerOther: ['另一方自行决定，这里不问。', '另一方自行決定，這裡不問。', 'The other side decides separately and is not asked here.', 'O outro lado decide por si e não é perguntado aqui.'],
  told_may_cross: ['查询能否过关：去哪里、哪一天', '查詢能否過關：去哪裡、哪一天', 'You asked whether you may cross: where and on which day', 'Perguntou se pode passar: aonde e em que dia'],
  whyNone: ['通行证里没有{n}', '通行證裡沒有{n}', 'Not in your pass: {n}', 'Não está no seu passe: {n}'],
  whyLost: ['{n}已报失', '{n}已報失', '{n}: reported as lost', '{n}: dado como perdido'],
  whyExpired: ['{n}到 {day} 为止', '{n}到 {day} 為止', '{n}: valid until {day} only', '{n}: válido só até {day}'],
  whyGood: ['{n}在这一天有效', '{n}在這一天有效', '{n}: valid on that day', '{n}: válido nesse dia'],
  whyNoEndorsement: ['没有到{n}的签注', '沒有到{n}的簽注', 'No endorsement for {n}', 'Sem visto para {n}'],
  whyEarly: ['到{n}的签注从 {day} 起才有效', '到{n}的簽注從 {day} 起才有效', 'The endorsement for {n} begins on {day}', 'O visto para {n} começa em {day}'],
  whyLate: ['到{n}的签注在 {day} 已失效', '到{n}的簽注在 {day} 已失效', 'The endorsement for {n} ended on {day}', 'O visto para {n} terminou em {day}'],
  whyEndorsed: ['到{n}的签注有效至 {day}', '到{n}的簽注有效至 {day}', 'Endorsement for {n} until {day}', 'Visto para {n} até {day}'],
  openPorts: ['这个方向的口岸', '這個方向的口岸', 'Ports in this direction', 'Postos neste sentido'],
  renew: ['更新通行证', '更新通行證', 'Renew the pass', 'Renovar o passe'],
  renewHow: ['换了新证件时：重新填写号码并拍照。旧的码随即失效，密码和记录保留。', '換了新證件時：重新填寫號碼並拍照。舊的碼隨即失效，密碼和記錄保留。', 'For a new document: enter its number and take a picture again. Old codes stop working; PIN and history stay.', 'Para um documento novo: indique o número e tire outra fotografia. Os códigos antigos terminam; PIN e histórico ficam.'],
  refresh: ['重新读取登记', '重新讀取登記', 'Read my record again', 'Ler de novo o meu registo'],
  refreshed: ['已更新', '已更新', 'Record updated', 'Registo atualizado'],
  receipts: ['谁得到了什么', '誰得到了什麼', 'Who got my data', 'Quem recebeu os meus dados'],
  receiptsWhy: ['这部手机把您的资料发给谁、什么时候发的，都记在这里。过关时，闸机只看到码和您的脸。', '這部手機把您的資料發給誰、什麼時候發的，都記在這裡。過關時，閘機只看到碼和您的臉。', 'What this phone sent, to whom and when. A gate sees only the code and your face.', 'O que este telemóvel enviou, a quem e quando. Na cancela só se veem o código e o seu rosto.'],
  told_enrol: ['证件号码、姓名、出生日期、照片（登记）', '證件號碼、姓名、出生日期、照片（登記）', 'Document number, name, birth date, picture, to register', 'Número, nome, data de nascimento e fotografia, para o registo'],
  told_answer_second_enrolment: ['对另一部手机登记的答复', '對另一部手機登記的答覆', 'Your answer to a registration on another phone', 'A sua resposta a um registo noutro telemóvel'],
  askInvitation: ['邀请码', '邀請碼', 'Invitation code', 'Código de convite'],
  invitationHow: ['办事处给您的一次性邀请码，每个发证机关一个；有两个时写在一起。', '辦事處給您的一次性邀請碼，每個發證機關一個；有兩個時寫在一起。', 'The one-time code from the office, one for each authority; type both, one after the other.', 'O código único que o serviço lhe deu, um por autoridade; escreva os dois, um após o outro.'],
  invitationWrong: ['邀请码有误，请与纸上核对', '邀請碼有誤，請與紙上核對', 'The invitation code has a wrong character; compare it with the paper', 'O código de convite tem um carácter errado; compare-o com o papel'],
  invitationNone: ['我没有邀请码', '我沒有邀請碼', 'I have no code', 'Não tenho código'],
  secondTold: ['{n}：{at} 有另一部手机以您的名义登记，{until} 起将取代这一部。是您吗？', '{n}：{at} 有另一部手機以您的名義登記，{until} 起將取代這一部。是您嗎？', '{n}: another phone registered as you on {at}. It replaces this one on {until}. Was it you?', '{n}: outro telemóvel registou-se em seu nome em {at}. Substitui este em {until}. Foi o senhor ou a senhora?'],
  secondObject: ['不是我：保留这一部', '不是我：保留這一部', 'Not me: keep this phone', 'Não fui eu: manter este'],
  secondAgree: ['是我：立即改用那一部', '是我：立即改用那一部', 'It was me: use the other one now', 'Fui eu: usar já o outro'],
  secondGone: ['没有等待答复的登记', '沒有等待答覆的登記', 'No registration waits for an answer', 'Nenhum registo espera resposta'],
  told_zone: ['证件号码、姓名、出生日期、照片、证件上的三行机读字（登记）', '證件號碼、姓名、出生日期、照片、證件上的三行機讀字（登記）', 'Document number, name, birth date, picture, the three machine-readable lines of the card, to register', 'Número, nome, data de nascimento, fotografia e as três linhas de leitura ótica do cartão, para o registo'],
  told_tokens: ['新钥匙的公钥（领取通行码）', '新鑰匙的公鑰（領取通行碼）', 'New device keys, for new codes', 'Novas chaves do telemóvel, para novos códigos'],
  told_attestation_nonce: ['准备证明手机钥匙的来源', '準備證明手機鑰匙的來源', 'You asked for a number, to prove where the device keys are kept', 'Pediu um número, para provar onde estão guardadas as chaves'],
  told_parts: ['新钥匙的公钥（领取加密分片）', '新鑰匙的公鑰（領取加密分片）', 'New device keys, for its part of new codes', 'Novas chaves do telemóvel, para a sua parte dos códigos'],
  told_venue_credentials: ['新钥匙的公钥（领取在柜台出示的资料）', '新鑰匙的公鑰（領取在櫃台出示的資料）', 'New device keys, for what a desk is shown', 'Novas chaves do telemóvel, para o que mostra num balcão'],
  told_own_pass: ['查询自己的登记', '查詢自己的登記', 'You asked for your record', 'Pediu o seu registo'],
  told_passages: ['查询自己的过关记录', '查詢自己的過關記錄', 'You asked for your passages', 'Pediu as suas passagens'],
  told_mark_look_alike: ['声明有人与您相貌相似', '聲明有人與您相貌相似', 'You said that somebody looks like you', 'Disse que alguém se parece consigo'],
  lookAlike: ['有人与我长得像', '有人與我長得像', 'Somebody looks like me', 'Alguém se parece comigo'],
  lookAlikeHow: ['双胞胎或兄弟姐妹：人脸比对分不清你们。此后每次过关都会有警员核对，只有警员能取消。', '雙胞胎或兄弟姊妹：人臉比對分不清你們。此後每次過關都會有警員核對，只有警員能取消。', 'A twin, a brother, a sister: no face tells you apart. From now on an officer looks at every crossing, and only an officer takes this back.', 'Um gémeo, um irmão, uma irmã: o rosto não os distingue. A partir de agora um agente vê cada passagem, e só um agente o desfaz.'],
  lookAlikeYes: ['是，请警员核对', '是，請警員核對', 'Yes, let an officer look', 'Sim, que um agente veja'],
  lookAlikeDone: ['已告知：此后由警员核对', '已告知：此後由警員核對', 'Done: an officer looks from now on', 'Feito: a partir de agora um agente vê'],
  told_end_pass: ['终止通行证', '終止通行證', 'You ended the pass', 'Terminou o passe'],
  people: ['这部手机里的通行证', '這部手機裡的通行證', 'Passes on this phone', 'Passes neste telemóvel'],
  addPerson: ['为孩子或父母添加', '為孩子或父母添加', 'Add one for a child or parent', 'Juntar o de um filho, pai ou mãe'],
  noName: ['尚未填写', '尚未填寫', 'not filled in yet', 'por preencher'],
  carerHow: ['您替他们出示通行码；闸机比对的是他们本人的脸。', '您替他們出示通行碼；閘機比對的是他們本人的臉。', 'You show their code for them; the gate compares their own face.', 'Mostra o código por eles; a cancela compara o rosto deles.'],
  giveUp: ['不登记了', '不登記了', 'Stop this registration', 'Desistir deste registo'],
  swap: ['对调方向', '對調方向', 'Swap direction', 'Sentido inverso'],
  otherPort: ['换一个口岸', '換一個口岸', 'Another port', 'Outro posto'],
  next: ['继续', '繼續', 'Continue', 'Continuar'],
  back: ['返回', '返回', 'Back', 'Voltar'],
  working: ['请稍候…', '請稍候…', 'One moment…', 'Um momento…'],
  required: ['请填写', '請填寫', 'Please fill this in', 'Preencha este campo'],
  chooseLanguage: ['选择语言', '選擇語言', 'Choose your language', 'Escolha a língua'],
  chooseHome: ['您持有哪里的身份证？', '您持有哪裡的身份證？', 'Where is your identity card from?', 'De onde é o seu bilhete de identidade?'],
  CHN: ['内地', '內地', 'Mainland China', 'Interior da China'],
  HKG: ['香港', '香港', 'Hong Kong', 'Hong Kong'],
  MAC: ['澳门', '澳門', 'Macao', 'Macau'],
  pinNew: ['设置六位数字密码', '設定六位數字密碼', 'Choose a PIN of six digits', 'Escolha um PIN de seis algarismos'],
  pinWhy: ['密码把这部手机里的通行证锁起来。忘记密码只能重新登记。', '密碼把這部手機裡的通行證鎖起來。忘記密碼只能重新登記。', 'The PIN locks the pass on this phone. If you forget it, you have to register again.', 'Protege o passe neste telemóvel. Se o esquecer, terá de se registar de novo.'],
  pinAgain: ['再输入一次', '再輸入一次', 'Type it once more', 'Escreva-o outra vez'],
  pinDiffers: ['两次输入不同，请再试', '兩次輸入不同，請再試', 'The two are not the same; try again', 'Os dois não são iguais; tente de novo'],
  pinForm: ['密码是六位数字', '密碼是六位數字', 'The PIN has six digits', 'O PIN tem seis algarismos'],
  pinEasy: ['这个密码太容易猜，请换一个', '這個密碼太容易猜，請換一個', 'This PIN is easy to guess; choose another', 'Este PIN é fácil de adivinhar; escolha outro'],
  pinEnter: ['输入密码', '輸入密碼', 'Enter your PIN', 'Introduza o PIN'],
  changePin: ['更改密码', '更改密碼', 'Change the PIN', 'Mudar o PIN'],
  pinPresent: ['输入现在的密码', '輸入現在的密碼', 'Enter your present PIN', 'Introduza o seu PIN atual'],
  pinNext: ['设置新的六位数字密码', '設定新的六位數字密碼', 'Choose a new PIN of six digits', 'Escolha um novo PIN de seis algarismos'],
  pinChanged: ['密码已更改', '密碼已更改', 'PIN changed', 'PIN mudado'],
  pinWrong: ['密码不对，还可以试 {n} 次', '密碼不對，還可以試 {n} 次', 'Wrong PIN; {n} more tries', 'PIN errado; mais {n} tentativas'],
  pinWait: ['错误次数太多，请在 {n} 秒后再试', '錯誤次數太多，請在 {n} 秒後再試', 'Too many wrong tries; try again in {n} seconds', 'Demasiadas tentativas; tente de novo daqui a {n} segundos'],
  pinForgot: ['忘记密码，重新开始', '忘記密碼，重新開始', 'PIN forgotten: start again', 'Esqueci o PIN: recomeçar'],
  unlock: ['打开', '打開', 'Open', 'Abrir'],
  damaged: ['存储的资料已损坏，请重新登记', '儲存的資料已損壞，請重新登記', 'The stored data are damaged; please register again', 'Os dados guardados estão danificados; registe-se de novo'],
  askCard: ['证件号码', '證件號碼', 'Number of your document', 'Número do documento'],
  askPermit: ['回乡证号码', '回鄉證號碼', 'Number of your Home Return Permit', 'Número do salvo-conduto de regresso'],
  permitWhy: ['用于出入内地。没有可以跳过。', '用於出入內地。沒有可以略過。', 'For crossing to the mainland. You can leave it out.', 'Para passar ao Interior da China. Pode deixar em branco.'],
  zoneOpen: ['用相机读取证件', '用相機讀取證件', 'Read the card with the camera', 'Ler o cartão com a câmara'],
  zoneStop: ['关闭相机', '關閉相機', 'Close the camera', 'Fechar a câmara'],
  zoneWhy: ['画面只在这部手机里读取，不保存、不发送；登记时，读到的三行字会发给发证机关。', '畫面只在這部手機裡讀取，不儲存、不傳送；登記時，讀到的三行字會傳給發證機關。', 'The picture is read on this phone, not kept and not sent. The three lines read go to the issuer when you register.', 'A imagem é lida neste telemóvel; não fica guardada nem é enviada. As três linhas lidas seguem para o emissor quando se registar.'],
  zoneHow: ['把证件上的三行字放进框里，拿平拿稳', '把證件上的三行字放進框裡，拿平拿穩', 'Bring the three lines of letters and < into the frame, flat and still', 'Ponha as três linhas de letras e < dentro da moldura, direitas e sem mexer'],
  zoneSlow: ['还读不出来：请到亮处，避开反光，让三行字占满框；也可以在上面输入号码', '還讀不出來：請到亮處，避開反光，讓三行字佔滿框；也可以在上面輸入號碼', 'Not read yet: more light, no reflections, the lines as wide as the frame; or type the number above', 'Ainda não se lê: mais luz, sem reflexos, as linhas da largura da moldura; ou escreva o número em cima'],
  zoneOther: ['这是另一种证件，请拿回乡证', '這是另一種證件，請拿回鄉證', 'This is another document; take the Home Return Permit', 'Este é outro documento; use o salvo-conduto de regresso'],
  zoneRead: ['读到号码 {n}，出生日期 {birth}，有效期至 {expiry}。请与证件核对，再按“继续”。', '讀到號碼 {n}，出生日期 {birth}，有效期至 {expiry}。請與證件核對，再按「繼續」。', 'Read: number {n}, born {birth}, valid until {expiry}. Compare it with the card, then press “Continue”.', 'Lido: número {n}, nascimento {birth}, válido até {expiry}. Compare com o cartão e carregue em “Continuar”.'],
  zoneNever: ['没有读到。请在上面输入号码，或者再试一次。', '沒有讀到。請在上面輸入號碼，或者再試一次。', 'Nothing could be read. Type the number, or try again.', 'Nada se conseguiu ler. Escreva o número, ou tente de novo.'],
  zoneNone: ['打不开相机。请输入号码，或者在设置里允许使用相机。', '打不開相機。請輸入號碼，或者在設定裡允許使用相機。', 'The camera does not open. Type the number, or allow the camera in the settings of this phone.', 'A câmara não abre. Escreva o número, ou permita a câmara nas definições.'],
  skip: ['我没有', '我沒有', 'I have none', 'Não tenho'],
  mainland_id: ['居民身份证', '居民身份證', 'Mainland identity card', 'Bilhete de identidade do Interior'],
  exit_entry_permit: ['往来港澳通行证', '往來港澳通行證', 'Exit-Entry Permit for Hong Kong and Macao', 'Salvo-conduto para Hong Kong e Macau'],
  hkid: ['香港身份证', '香港身份證', 'Hong Kong identity card', 'Bilhete de identidade de Hong Kong'],
  macao_bir: ['澳门居民身份证', '澳門居民身份證', 'Macao resident identity card', 'Bilhete de Identidade de Residente de Macau'],
  home_return_permit: ['港澳居民来往内地通行证（回乡证）', '港澳居民來往內地通行證（回鄉證）', 'Home Return Permit', 'Salvo-conduto de regresso'],
  asPrinted: ['照证件上的写法，例如 {n}', '照證件上的寫法，例如 {n}', 'As printed on the card, for instance {n}', 'Como está no cartão, por exemplo {n}'],
  askName: ['姓名', '姓名', 'Your name', 'O seu nome'],
  nameHow: ['照证件上的中文或拉丁字母写法', '照證件上的中文或拉丁字母寫法', 'As on your card, in Chinese or Latin letters', 'Como no cartão, em chinês ou em letras latinas'],
  askBirth: ['出生日期', '出生日期', 'Date of birth', 'Data de nascimento'],
  birthHow: ['年-月-日，例如 1990-05-06', '年-月-日，例如 1990-05-06', 'Year-month-day, for instance 1990-05-06', 'Ano-mês-dia, por exemplo 1990-05-06'],
  birthWrong: ['没有这一天，请照 1990-05-06 的样子写', '沒有這一天，請照 1990-05-06 的樣子寫', 'There is no such day; write it like 1990-05-06', 'Esse dia não existe; escreva como 1990-05-06'],
  askSelfie: ['拍一张您的照片', '拍一張您的照片', 'A picture of your face', 'Uma fotografia do seu rosto'],
  selfieHow: ['只有您一人，正对镜头，脸上有光，不戴帽子和口罩。照片只用来与发证机关的照片比对，不留在这部手机里。', '只有您一人，正對鏡頭，臉上有光，不戴帽子和口罩。照片只用來與發證機關的照片比對，不留在這部手機裡。', 'You alone, facing the camera, light on your face, no hat or mask. It is compared with the photo that the issuer holds, and is not kept on this phone.', 'Sozinho, de frente para a câmara, com luz no rosto, sem chapéu nem máscara. É comparada com a fotografia do emissor e não fica neste telemóvel.'],
  openCamera: ['打开相机', '打開相機', 'Open the camera', 'Abrir a câmara'],
  useFile: ['选一张照片', '選一張照片', 'Choose a picture instead', 'Escolher antes uma fotografia'],
  cameraNone: ['打不开相机。请在设置里允许使用相机，或者选一张照片。', '打不開相機。請在設定裡允許使用相機，或者選一張照片。', 'The camera does not open. Allow it in the settings of this phone, or choose a picture.', 'A câmara não abre. Permita-a nas definições, ou escolha uma fotografia.'],
  cameraOpens: ['正在打开相机。如有询问，请选“允许”。', '正在打開相機。如有詢問，請選「允許」。', 'Opening the camera. If asked, choose “Allow”.', 'A abrir. Se lhe perguntarem, “Permitir”.'],
  adviceWait: ['把脸放进圆圈', '把臉放進圓圈', 'Bring your face into the oval', 'Ponha o rosto dentro do oval'],
  advice_look_straight: ['正对镜头，不要动', '正對鏡頭，不要動', 'Look straight at the camera', 'Olhe a direito para a câmara'],
  advice_turn_left: ['把头转向您的左边', '把頭轉向您的左邊', 'Turn your head to your left', 'Vire a cabeça para a sua esquerda'],
  advice_turn_right: ['把头转向您的右边', '把頭轉向您的右邊', 'Turn your head to your right', 'Vire a cabeça para a sua direita'],
  advice_come_closer: ['靠近一点', '靠近一點', 'Come closer', 'Aproxime-se'],
  advice_dark: ['太暗了：请面向亮处', '太暗了：請面向亮處', 'Too dark: turn to the light', 'Escuro demais: vire-se para a luz'],
  advice_bright: ['太亮了：请避开强光', '太亮了：請避開強光', 'Too bright: move out of the strong light', 'Luz demais: saia da luz forte'],
  advice_backlit: ['光在您身后：请转过身来', '光在您身後：請轉過身來', 'The light is behind you: turn around', 'A luz está atrás de si: vire-se'],
  advice_nothing: ['看不到您：把脸放进圆圈', '看不到您：把臉放進圓圈', 'No face in view: bring your face into the oval', 'Não se vê: ponha o rosto no oval'],
  advice_still: ['请拿稳，不要动', '請拿穩，不要動', 'Hold still', 'Fique quieto'],
  advice_blurred: ['看不清：擦一擦镜头，或者离远一点', '看不清：擦一擦鏡頭，或者離遠一點', 'Not sharp: wipe the lens, or hold it further away', 'Pouco nítido: limpe a lente ou afaste-a'],
  advice_good: ['很好：请保持', '很好：請保持', 'Good: stay like this', 'Está bem: fique assim'],
  advice_ready: ['很好：请按拍照', '很好：請按拍照', 'Good: press the button', 'Está bem: carregue no botão'],
  takeSelfie: ['拍照并登记', '拍照並登記', 'Take the picture and register', 'Tirar a fotografia e registar'],
  faultLength: ['字数不对', '字數不對', 'The number of characters is not right', 'O número de caracteres não está certo'],
  faultCharacter: ['第 {n} 个字不对', '第 {n} 個字不對', 'Character {n} is not right', 'O carácter {n} não está certo'],
  faultCheck: ['有一个字写错了（校验码不符），请与证件核对', '有一個字寫錯了（校驗碼不符），請與證件核對', 'One character is wrong (the check digit does not fit); compare it with the card', 'Há um carácter errado (o dígito de controlo não confere); compare com o cartão'],
  faultDate: ['号码里的出生日期不对', '號碼裡的出生日期不對', 'The birth date in the number is not right', 'A data de nascimento no número não está certa'],
  faultArea: ['号码开头的地区不对', '號碼開頭的地區不對', 'The first digits of the number are not right', 'Os primeiros algarismos não estão certos'],
  faultPermit: ['这是居住证号码', '這是居住證號碼', 'This is the number of a residence permit', 'Este número é de uma autorização de residência'],
  faultBooklet: ['旧式本子已全部失效，请用以 C 开头的卡式证件', '舊式本子已全部失效，請用以 C 開頭的卡式證件', 'Booklets have all expired; use the card whose number begins with C', 'As cadernetas expiraram; use o cartão cujo número começa por C'],
  pass: ['通行证', '通行證', 'Pass', 'Passe'],
  showCode: ['出示通行码', '出示通行碼', 'Show my code', 'Mostrar o meu código'],
  whereTo: ['您的证件', '您的證件', 'Your documents', 'Os seus documentos'],
  expired: ['已过期，请到发证机关换领', '已過期，請到發證機關換領', 'expired: renew it at its office', 'expirado: renove-o no serviço emissor'],
  lost: ['已报失', '已報失', 'reported as lost', 'dado como perdido'],
  endorsement: ['{to}签注', '{to}簽注', 'Endorsement for {to}', 'Visto para {to}'],
  entriesLeft: ['还剩 {n} 次', '還剩 {n} 次', 'entries left: {n}', 'entradas restantes: {n}'],
  granted: ['签发时 {n} 次', '簽發時 {n} 次', '{n} entries at issue', '{n} entradas na emissão'],
  notYet: ['尚未生效', '尚未生效', 'not valid yet', 'ainda não válido'],
  over: ['已失效', '已失效', 'no longer valid', 'já não válido'],
  todayOk: ['今天有效', '今天有效', 'valid today', 'válido hoje'],
  noEndorsement: ['没有签注', '沒有簽注', 'No endorsement', 'Sem visto'],
  judged: ['能否过关由口岸两方各自决定。', '能否過關由口岸兩方各自決定。', 'Each side of the port decides on your crossing.', 'Cada lado do posto decide sobre a sua passagem.'],
  tokensLeft: ['离线可用 {n} 次', '離線可用 {n} 次', '{n} codes ready for use without a network', '{n} códigos prontos para usar sem rede'],
  tokensFew: ['快用完了，联网时会自动补充', '快用完了，聯網時會自動補充', 'Few are left; more are fetched when you are online', 'Restam poucos; são pedidos mais quando houver rede'],
  fetchMore: ['现在补充', '現在補充', 'Fetch more now', 'Pedir mais agora'],
  history: ['过关记录', '過關記錄', 'History', 'Histórico'],
  more: ['设置与求助', '設定與求助', 'Settings and help', 'Definições e ajuda'],
  choosePort: ['选择口岸', '選擇口岸', 'Choose the port', 'Escolha o posto'],
  chooseSide: ['您在哪一台闸机？', '您在哪一台閘機？', 'At which gate are you?', 'Em que cancela está?'],
  joint: ['一台闸机，两方合查', '一台閘機，兩方合查', 'One gate for both sides', 'Uma cancela para os dois lados'],
  exit: ['离开{to}', '離開{to}', 'Leaving {to}', 'Saída: {to}'],
  entry: ['进入{to}', '進入{to}', 'Entering {to}', 'Entrada: {to}'],
  direction: ['{from} → {to}', '{from} → {to}', '{from} → {to}', '{from} → {to}'],
  codeFor: ['通行码：{n}', '通行碼：{n}', 'Crossing code: {n}', 'Código de passagem: {n}'],
  codeHow: ['把屏幕对着闸机的扫描窗', '把螢幕對著閘機的掃描窗', 'Hold the screen to the scanner at the gate', 'Aponte o ecrã ao leitor da cancela'],
  seconds: ['{n} 秒后更新', '{n} 秒後更新', 'new in {n} s', 'novo em {n} s'],
  hidden: ['不在前台时，通行码会隐藏', '不在前台時，通行碼會隱藏', 'The code is hidden while the wallet is in the background', 'O código fica oculto em segundo plano'],
  missingToken: ['没有可用的码了。请联网补充。', '沒有可用的碼了。請聯網補充。', 'No code is left. Go online and fetch more.', 'Não há mais códigos. Ligue-se à rede e peça mais.'],
  missingPart: ['这个方向需要的证件没有登记在通行证里。请走人工通道。', '這個方向需要的證件沒有登記在通行證裡。請走人工通道。', 'The document for this crossing is not in your pass. Please go to a staffed counter.', 'O documento para esta passagem não está no seu passe. Use o balcão.'],
  askResult: ['过关了吗？查一下', '過關了嗎？查一下', 'Have I crossed? Ask now', 'Já passei? Perguntar'],
  resultYes: ['{n}已在 {at} 记录您过关', '{n}已在 {at} 記錄您過關', '{n} recorded your passage at {at}', '{n} registou a sua passagem às {at}'],
  resultNone: ['您的出入境机关还没有记录。请看闸机的屏幕，或问工作人员。', '您的出入境機關還沒有記錄。請看閘機的螢幕，或問工作人員。', 'Your authorities have no record yet. Look at the gate\'s screen, or ask the staff there.', 'As suas autoridades ainda nada registaram. Olhe para o ecrã da cancela ou pergunte ao pessoal.'],
  otherLane: ['换一台闸机', '換一台閘機', 'Another gate', 'Outra cancela'],
  noPort: ['这个方向没有自助口岸', '這個方向沒有自助口岸', 'No port takes codes in this direction', 'Nenhum posto aceita códigos neste sentido'],
  from: ['从', '從', 'From', 'De'],
  to: ['到', '到', 'To', 'Para'],
  noHistory: ['还没有记录', '還沒有記錄', 'Nothing here yet', 'Ainda nada'],
  historyWhere: ['记录只保存在这部手机里。', '記錄只保存在這部手機裡。', 'The history is kept on this phone only.', 'O histórico fica apenas neste telemóvel.'],
  codeShown: ['出示过码', '出示過碼', 'code shown', 'código mostrado'],
  recorded: ['{n}已记录', '{n}已記錄', 'recorded by {n}', 'registado por {n}'],
  askRecords: ['查询我的过关记录', '查詢我的過關記錄', 'Ask for my passages', 'Pedir as minhas passagens'],
  language: ['语言', '語言', 'Language', 'Língua'],
  largeText: ['大字', '大字', 'Large text', 'Letra grande'],
  on: ['开', '開', 'on', 'ligado'],
  off: ['关', '關', 'off', 'desligado'],
  lostPhone: ['手机丢了怎么办', '手機丟了怎麼辦', 'If this phone is lost', 'Se perder este telemóvel'],
  lostHow: ['用另一部手机重新登记，这部手机里的通行证立即失效；或者到发证机关请求终止。', '用另一部手機重新登記，這部手機裡的通行證立即失效；或者到發證機關請求終止。', 'Register again on another phone: the pass on this one ends at once. Or ask at an office of the issuer to end it.', 'Registe-se noutro telemóvel: o passe deste termina logo. Ou peça num serviço do emissor que o termine.'],
  endPass: ['终止通行证', '終止通行證', 'End the pass', 'Terminar o passe'],
  endSure: ['通行证和所有通行码都会失效，只有重新登记才能恢复。', '通行證和所有通行碼都會失效，只有重新登記才能恢復。', 'The pass and all its codes end. Only a new registration brings a pass back.', 'O passe e todos os códigos terminam. Só um novo registo o traz de volta.'],
  endYes: ['是，终止', '是，終止', 'Yes, end it', 'Sim, terminar'],
  cancel: ['取消', '取消', 'Cancel', 'Cancelar'],
  lockNow: ['锁上', '鎖上', 'Lock', 'Bloquear'],
  clockWrong: ['这部手机的时间差了 {n} 分钟。请在系统设置里打开“自动设置时间”。通行码已按正确时间制作。', '這部手機的時間差了 {n} 分鐘。請在系統設定裡打開「自動設定時間」。通行碼已按正確時間製作。', 'The clock of this phone is wrong by {n} minutes. Switch on automatic time in its settings. Codes are made with the right time.', 'O relógio deste telemóvel está errado em {n} minutos. Ligue a hora automática nas definições. Os códigos usam a hora certa.'],
  register: ['登记', '登記', 'Register', 'Registar'],
  registerAt: ['在前台登记', '在櫃枱登記', 'Register at a desk', 'Registo num balcão'],
  whosePass: ['用谁的通行证？', '用誰的通行證？', 'Whose pass?', 'O passe de quem?'],
  registerHow: ['酒店、大厦或图书馆的前台在屏幕或告示上出示一个码。您同意之前，什么都不会出示。', '酒店、大廈或圖書館的櫃枱在螢幕或告示上出示一個碼。您同意之前，甚麼都不會出示。', 'The desk of a hotel, building or library shows a code, on its screen or on a sign. Nothing of yours is shown before you agree.', 'O balcão de um hotel, edifício ou biblioteca mostra um código, no ecrã ou num letreiro. Nada seu é mostrado antes de aceitar.'],
  scanDesk: ['扫描前台的码', '掃描櫃枱的碼', 'Scan the desk’s code', 'Ler o código do balcão'],
  scanHow: ['把前台的码放进框里', '把櫃枱的碼放進框裡', 'Bring the desk’s code into the frame', 'Ponha o código do balcão dentro da moldura'],
  scanNone: ['打不开相机。请在设置里允许使用相机，或者粘贴码的文字。', '打不開相機。請在設定裡允許使用相機，或者貼上碼的文字。', 'The camera does not open. Allow it in the settings of this phone, or paste the text of the code.', 'A câmara não abre. Permita-a nas definições, ou cole o texto do código.'],
  requestText: ['或者粘贴码的文字', '或者貼上碼的文字', 'Or paste the text of the code', 'Ou cole o texto do código'],
  requestHow: ['以 BR1: 开头', '以 BR1: 開頭', 'It begins with BR1:', 'Começa por BR1:'],
  checkRequest: ['查看请求', '查看請求', 'Look at the request', 'Ver o pedido'],
  physicalToo: ['您也可以改为出示实体证件，一样有效。', '您也可以改為出示實體證件，一樣有效。', 'Your physical document does as well: you need not show this.', 'O documento físico serve igualmente: não é obrigado a mostrar isto.'],
  notAnswered: ['没有回答这个请求', '沒有回答這個請求', 'This request was not answered', 'Não se respondeu a este pedido'],
  scanAnother: ['扫描另一个码', '掃描另一個碼', 'Scan another code', 'Ler outro código'],
  showThis: ['要出示这些吗？', '要出示這些嗎？', 'Show this?', 'Mostrar isto?'],
  whoAsks: ['谁在问', '誰在問', 'Who asks', 'Quem pede'],
  listedBy: ['登记它的机关', '登記它的機關', 'On the list of', 'Na lista de'],
  whatFor: ['用途', '用途', 'What for', 'Para quê'],
  purpose: ['目的', '目的', 'Why', 'Motivo'],
  underApproval: ['批准文件：{n}', '批准文件：{n}', 'Approval: {n}', 'Autorização: {n}'],
  keptDays: ['保留天数', '保留天數', 'Days it is kept', 'Dias que fica guardado'],
  whatIsShown: ['将要出示', '將要出示', 'What is shown', 'O que se mostra'],
  optionalHow: ['可选的项目：不想出示的，请关掉。', '可選的項目：不想出示的，請關掉。', 'Optional: switch off what you do not want to show.', 'Opcional: desligue o que não quer mostrar.'],
  needed: ['必需', '必需', 'Required', 'Obrigatório'],
  notInDocument: ['您的证件上没有，不出示', '您的證件上沒有，不出示', 'Not in your document, and not shown', 'Não está no seu documento e não se mostra'],
  fromDocument: ['出示哪一个证件', '出示哪一個證件', 'From which document', 'De que documento'],
  faceNone: ['不比对人脸。', '不比對面容。', 'No face is compared.', 'Não se compara nenhum rosto.'],
  faceCompared: ['前台会比对人脸。您可以改用另一种方式：{n}', '櫃枱會比對面容。您可以改用另一種方式：{n}', 'The desk compares your face. In its place, if you wish: {n}', 'O balcão compara o seu rosto. Em vez disso, se quiser: {n}'],
  agree: ['同意并出示', '同意並出示', 'Agree and show', 'Aceitar e mostrar'],
  disagree: ['不同意', '不同意', 'Do not agree', 'Não aceitar'],
  nothingShown: ['您没有同意，什么都没有出示。', '您沒有同意，甚麼都沒有出示。', 'You did not agree. Nothing was shown.', 'Não aceitou. Nada foi mostrado.'],
  deskHas: ['前台已收到', '櫃枱已收到', 'The desk has your answer', 'O balcão recebeu a sua resposta'],
  deskKeeps: ['前台保留', '櫃枱保留', 'The desk keeps', 'O balcão guarda'],
  keepsNothing: ['什么都不保留', '甚麼都不保留', 'nothing', 'nada'],
  deletedBy: ['最迟删除日期', '最遲刪除日期', 'Deleted by', 'Apagado até'],
  codeForDesk: ['给前台的码', '給櫃枱的碼', 'Code for the desk', 'Código para o balcão'],
  deskCodeHow: ['把屏幕对着前台的扫描器', '把螢幕對着櫃枱的掃描器', 'Hold the screen to the desk’s scanner', 'Aponte o ecrã ao leitor do balcão'],
  codeUntil: ['{at} 之前有效', '{at} 之前有效', 'Valid until {at}', 'Válido até às {at}'],
  codeIsOver: ['这个码已过期。前台如果还没有扫到，请它发起新的请求。', '這個碼已過期。櫃枱如果還沒有掃到，請它發起新的請求。', 'This code has expired. If the desk has not read it, ask for a new request.', 'Este código expirou. Se o balcão não o leu, peça um novo pedido.'],
  inWeixin: ['在微信里，卡包不能直接联系前台：请出示这个码。', '在微信裡，卡包不能直接聯絡櫃枱：請出示這個碼。', 'Inside WeChat the wallet cannot call a desk: show it this code.', 'Dentro do WeChat a carteira não pode contactar um balcão: mostre-lhe este código.'],
  deskAway: ['联系不上前台：请改为出示这个码。', '聯絡不上櫃枱：請改為出示這個碼。', 'The desk cannot be reached. Show it this code instead.', 'Não se alcança o balcão. Mostre-lhe antes este código.'],
  deskAwayLong: ['联系不上前台，这个回答又放不进一个码。请再试一次，或出示实体证件。', '聯絡不上櫃枱，這個回答又放不進一個碼。請再試一次，或出示實體證件。', 'The desk cannot be reached, and this answer does not fit one code. Try again, or show your physical document.', 'Não se alcança o balcão e a resposta não cabe num código. Tente de novo, ou mostre o documento físico.'],
  sendAgain: ['再发一次', '再發一次', 'Send it again', 'Enviar de novo'],
  done: ['完成', '完成', 'Done', 'Concluir'],
  yes: ['是', '是', 'yes', 'sim'],
  no: ['否', '否', 'no', 'não'],
  chinese: ['中国 (CHN)', '中國 (CHN)', 'Chinese (CHN)', 'chinesa (CHN)'],
  wasShown: ['已出示：{n}', '已出示：{n}', 'Shown: {n}', 'Mostrado: {n}'],
  keeps: ['前台保留：{n}；最迟 {day} 删除', '櫃枱保留：{n}；最遲 {day} 刪除', 'The desk keeps: {n}; deleted by {day}', 'O balcão guarda: {n}; apagado até {day}'],
  saidDays: ['没有回执；前台说保留 {n} 天', '沒有回執；櫃枱說保留 {n} 天', 'No receipt; days that the desk said it keeps this: {n}', 'Sem recibo; dias que o balcão disse guardar: {n}'],
  told_lists: ['公开的信任列表和批准文件（没有发送您的资料）', '公開的信任清單和批准文件（沒有傳送您的資料）', 'Public trust lists and approvals; nothing of yours was sent', 'Listas de confiança e autorizações públicas; nada seu foi enviado'],
  problemClock: ['这部手机的时间可能不对。请在系统设置里打开“自动设置时间”，再试一次。', '這部手機的時間可能不對。請在系統設定裡打開「自動設定時間」，再試一次。', 'The clock of this phone may be wrong. Switch on automatic time in its settings and try again.', 'O relógio deste telemóvel pode estar errado. Ligue a hora automática nas definições e tente de novo.'],
  problemNetwork: ['连不上网络，请稍后再试', '連不上網絡，請稍後再試', 'No connection; try again later', 'Sem ligação; tente mais tarde'],
  problemPerson: ['号码、姓名、出生日期、邀请码或照片与登记的不符，请核对', '號碼、姓名、出生日期、邀請碼或照片與登記的不符，請核對', 'Number, name, birth date, invitation code or picture do not match the record; check them', 'Número, nome, data de nascimento, código de convite ou fotografia não conferem; verifique-os'],
  problemHeld: ['请输入办事处给您的邀请码', '請輸入辦事處給您的邀請碼', 'Type the invitation code that the office gave you', 'Escreva o código de convite que o serviço lhe deu'],
  problemLive: ['没有看到所要求的动作。请自己对着镜头再试一次。', '沒有看到所要求的動作。請自己對著鏡頭再試一次。', 'The camera did not see what was asked for. Try again, yourself before the camera.', 'A câmara não viu o que foi pedido. Tente de novo, em pessoa diante da câmara.'],
  problemCamera: ['这里需要一个能拍摄动作的摄像头。请用浏览器版卡包登记。', '這裡需要一個能拍攝動作的攝影機。請用瀏覽器版卡包登記。', 'This needs a camera that films. Register with the wallet in a browser.', 'É preciso uma câmara que filme. Registe-se com a carteira num navegador.'],
  problemWaits: ['您的另一部手机仍有效。请在那部手机上同意，或等到期限届满，或到办事处。', '您的另一部手機仍有效。請在那部手機上同意，或等到期限屆滿，或到辦事處。', 'Your other phone is still in force. Agree there, wait until its time is over, or go to an office.', 'O seu outro telemóvel ainda está em vigor. Aceite lá, espere o fim do prazo, ou vá a um serviço.'],
  problemPicture: ['照片里看不清一张脸。请一个人、正对镜头再拍。', '照片裡看不清一張臉。請一個人、正對鏡頭再拍。', 'No single clear face in the picture. Take it again, alone, facing the camera.', 'Não se vê um só rosto com clareza. Repita, sozinho e de frente.'],
  problemBusy: ['现在人很多，请过一会儿再试', '現在人很多，請過一會兒再試', 'Many people are registering; try again in a moment', 'Há muita gente; tente daqui a pouco'],
  problemFull: ['现在发不出新的通行码，请过几小时再试。已有的通行码照常可用，没有丢失任何东西。', '現在發不出新的通行碼，請過幾小時再試。已有的通行碼照常可用，沒有丟失任何東西。', 'No new codes can be issued right now; try again in a few hours. The codes that you have stay good, and nothing was lost.', 'De momento não se emitem novos códigos; tente daqui a umas horas. Os que tem continuam válidos e nada se perdeu.'],
  problemSuspended: ['湾区通已暂停使用。请带证件到柜台，或凭查验编号申诉。', '灣區通已暫停使用。請帶證件到櫃檯，或憑查驗編號申訴。', 'Your pass is suspended. Go to a counter with your card, or appeal by the reference of the crossing.', 'O seu passe está suspenso. Vá a um balcão com o cartão, ou reclame com a referência da passagem.'],
  problemPass: ['通行证已终止。请重新登记。', '通行證已終止。請重新登記。', 'The pass has ended. Please register again.', 'O passe terminou. Registe-se de novo.'],
  problemPermit: ['没有有效的证件可以使用。请先到发证机关换领。', '沒有有效的證件可以使用。請先到發證機關換領。', 'No valid document is registered. Renew it at its office first.', 'Nenhum documento válido está registado. Renove-o primeiro.'],
  problemStorage: ['手机存储已满，请腾出空间再试。没有丢失任何东西。', '手機儲存已滿，請騰出空間再試。沒有丟失任何東西。', 'The storage of this phone is full. Make room and try again; nothing was lost.', 'A memória está cheia. Liberte espaço e tente de novo; nada se perdeu.'],
  problemOther: ['现在办不到，请稍后再试', '現在辦不到，請稍後再試', 'This cannot be done now; try again later', 'Não é possível agora; tente mais tarde'],
})

export type Word = keyof typeof WORDS

/** The language nearest to the phone's own. */
export function guess(system: string): Language {
  const tag = system.toLowerCase().replace('_', '-')
  if (tag.startsWith('pt')) return 'pt'
  if (/^zh-(hant|hk|mo|tw)/.test(tag)) return 'zh-Hant'
  return tag.startsWith('zh') ? 'zh-Hans' : 'en'
}

const stored = load('baypass.language')
export const looks = reactive({
  language: LANGUAGES.find((language) => language === stored) ?? guess(systemLanguage()),
  chosen: stored !== undefined,
  large: load('baypass.large') === 'yes',
})
announceLanguage(looks.language)

export function speak(language: Language): void {
  looks.language = language
  looks.chosen = true
  save('baypass.language', language)
  announceLanguage(language)
}

export function enlarge(large: boolean): void {
  looks.large = large
  save('baypass.large', large ? 'yes' : 'no')
}

/** A text in the current language, with each `{name}` filled in. */
export function say(word: Word, fill: Readonly<Record<string, string | number>> = {}): string {
  return WORDS[word][LANGUAGES.indexOf(looks.language)]!.replace(/\{(\w+)\}/g, (_, name: string) => String(fill[name] ?? ''))
}

const MONTHS = {
  en: ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'],
  pt: ['janeiro', 'fevereiro', 'março', 'abril', 'maio', 'junho', 'julho', 'agosto', 'setembro', 'outubro', 'novembro', 'dezembro'],
} as const

/** A day (`2035-01-31`) as it is written in the current language. */
export function day(date: string): string {
  const [year, month, number] = date.split('-').map(Number)
  if (!year || !month || !number) return date
  switch (looks.language) {
    case 'zh-Hans':
    case 'zh-Hant': return `${year}年${month}月${number}日`
    case 'en': return `${number} ${MONTHS.en[month - 1]} ${year}`
    case 'pt': return `${number} de ${MONTHS.pt[month - 1]} de ${year}`
  }
}

/** The text of the current language in a row of four. */
export function spoken(row: readonly string[] | undefined): string {
  return row?.[LANGUAGES.indexOf(looks.language)] ?? ''
}
