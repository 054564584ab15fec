globalThis.directoryEngine = "plain";
