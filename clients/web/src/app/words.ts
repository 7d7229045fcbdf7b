// The page's own words; what the showroom says comes from the server.

const WORDS = {
  en: {
    title: "Showroom",
    say: "Say or type: sleeves 3 cm longer",
    send: "Send",
    talk: "Hold to talk",
    listening: "Listening …",
    noSpeech: "Neither this browser nor the showroom recognises speech; type instead.",
    noMicrophone: "The microphone is not to be had; allow it, or type instead.",
    notHeard: "Nothing was understood; hold the button while you speak.",
    vr: "Enter VR",
    ar: "In my room",
    body: "My body",
    height: "Height",
    chest: "Chest",
    waist: "Waist",
    hip: "Hips",
    optional: "cm, if you know it",
    apply: "Stand in front of the mirror",
    privacy: "Your measures stay with this visit and are gone when you leave.",
    tryOn: "Try on",
    takeOff: "Take off",
    smaller: "Size −",
    larger: "Size +",
    undo: "Undo",
    color: "Colour …",
    fit: "Does it fit?",
    basket: "Add to basket",
    connecting: "Opening the doors …",
    resuming: "The line broke; coming back …",
    closed: "Closed",
    pick: "Touch a product to choose it.",
    x: "left–right",
    y: "up–down",
    z: "forward–back",
    yaw: "turn",
    other: "中文",
  },
  zh: {
    title: "展厅",
    say: "说出或输入：袖子加长三厘米",
    send: "发送",
    talk: "按住说话",
    listening: "正在听……",
    noSpeech: "浏览器和展厅都不能识别语音，请输入文字。",
    noMicrophone: "无法使用麦克风，请允许使用，或输入文字。",
    notHeard: "没有听清，请按住按钮说话。",
    vr: "进入 VR",
    ar: "放到我的房间",
    body: "我的身材",
    height: "身高",
    chest: "胸围",
    waist: "腰围",
    hip: "臀围",
    optional: "厘米，知道就填",
    apply: "站到镜子前",
    privacy: "尺寸只在这次来访中使用，离开即删除。",
    tryOn: "试穿",
    takeOff: "脱下",
    smaller: "小一号",
    larger: "大一号",
    undo: "撤销",
    color: "颜色……",
    fit: "合身吗？",
    basket: "加入购物篮",
    connecting: "正在开门……",
    resuming: "连接断开，正在恢复……",
    closed: "已关闭",
    pick: "点一件商品来选择它。",
    x: "左右",
    y: "上下",
    z: "前后",
    yaw: "朝向",
    other: "English",
  },
} as const;

export type Lang = keyof typeof WORDS;
export type Word = keyof (typeof WORDS)["en"];

/** The visitor's language: what they chose, else the browser's. */
export function preferred(): Lang {
  const chosen = new URLSearchParams(location.search).get("lang") ?? navigator.language;
  return chosen.startsWith("zh") ? "zh" : "en";
}

export function word(lang: Lang, name: Word): string {
  return WORDS[lang][name];
}
