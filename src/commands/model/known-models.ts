/** A model that can be pulled by its name. */
export interface KnownModel {
  readonly name: string;
  readonly url: string;
  readonly sizeBytes: number;
  /** 64 hex digits. */
  readonly sha256: string;
  readonly about: string;
}

/** Small enough for a processor. The addresses name the commit, so that what they give never changes. */
export const KNOWN_MODELS: readonly KnownModel[] = [
  {
    name: 'tinyllama-1.1b',
    url: 'https://huggingface.co/TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF/resolve/52e7645ba7c309695bec7ac98f4f005b139cf465/tinyllama-1.1b-chat-v1.0.Q4_K_M.gguf',
    sizeBytes: 668_788_096,
    sha256: '9fecc3b3cd76bba89d504f29b616eedf7da85b96540e490ca5824d3f7d2776a0',
    about: 'TinyLlama 1.1B Chat, 4 bits, Apache-2.0',
  },
  {
    name: 'phi-2',
    url: 'https://huggingface.co/TheBloke/phi-2-GGUF/resolve/5a454d977c6438bb9fb2df233c8ca70f21c87420/phi-2.Q4_K_M.gguf',
    sizeBytes: 1_789_239_136,
    sha256: '324356668fa5ba9f4135de348447bb2bbe2467eaa1b8fcfb53719de62fbd2499',
    about: 'Phi-2 2.7B, 4 bits, MIT',
  },
];
