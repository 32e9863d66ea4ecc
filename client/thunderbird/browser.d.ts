// What Thunderbird gives extensions: https://webextension-api.thunderbird.net. Not typed here.
declare const browser: any;
