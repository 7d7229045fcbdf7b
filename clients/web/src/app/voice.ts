// Speech by the browser's own recogniser, where it has one.

interface Alternative {
  transcript: string;
}
interface Result extends ArrayLike<Alternative> {
  isFinal: boolean;
}
interface Recogniser extends EventTarget {
  lang: string;
  interimResults: boolean;
  continuous: boolean;
  start(): void;
  stop(): void;
  abort(): void;
  onresult: ((event: { results: ArrayLike<Result> }) => void) | null;
  onend: (() => void) | null;
  onerror: ((event: { error: string }) => void) | null;
}

const TAGS = { en: "en-US", zh: "zh-CN" } as const;

function maker(): (new () => Recogniser) | undefined {
  const names = globalThis as unknown as Record<string, (new () => Recogniser) | undefined>;
  return names["SpeechRecognition"] ?? names["webkitSpeechRecognition"];
}

/** Push-to-talk: hold, speak, let go. */
export class Voice {
  readonly able = maker() !== undefined;
  private recogniser: Recogniser | null = null;
  private readonly onText: (text: string, isFinal: boolean) => void;
  private readonly onState: (listening: boolean) => void;

  constructor(onText: (text: string, isFinal: boolean) => void, onState: (on: boolean) => void) {
    this.onText = onText;
    this.onState = onState;
  }

  start(lang: "en" | "zh"): void {
    const Maker = maker();
    if (!Maker || this.recogniser) return;
    this.hush();
    const recogniser = new Maker();
    this.recogniser = recogniser;
    recogniser.lang = TAGS[lang];
    recogniser.interimResults = true;
    recogniser.onresult = ({ results }) => {
      const parts = Array.from(results);
      const text = parts.map((result) => result[0]?.transcript ?? "").join("").trim();
      if (text) this.onText(text, parts.every((result) => result.isFinal));
    };
    recogniser.onend = recogniser.onerror = () => {
      this.recogniser = null;
      this.onState(false);
    };
    recogniser.start();
    this.onState(true);
  }

  /** No more is said; the final text still comes. */
  stop(): void {
    this.recogniser?.stop();
  }

  /** Speak no more. */
  hush(): void {
    if ("speechSynthesis" in globalThis) speechSynthesis.cancel();
  }

  /** Speak a reply. */
  say(text: string, lang: string): void {
    if (!("speechSynthesis" in globalThis)) return;
    this.hush();
    const speech = new SpeechSynthesisUtterance(text);
    speech.lang = lang.startsWith("zh") ? TAGS.zh : TAGS.en;
    speechSynthesis.speak(speech);
  }
}
