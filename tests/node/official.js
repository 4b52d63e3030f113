// Tencent's side of an official account, with npm wechat-crypto: `seal` a push, `open` the reply.
// JSON on stdin, JSON on stdout.
const WXBizMsgCrypt = require("wechat-crypto");
const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
const crypt = new WXBizMsgCrypt(input.token, input.key, input.id);
const element = (name) => new RegExp(`<${name}>(?:<!\\[CDATA\\[)?(.*?)(?:\\]\\]>)?</${name}>`).exec(input.body)[1];

const steps = {
  seal() {
    const encrypt = crypt.encrypt(input.message);
    return {
      body: `<xml><ToUserName><![CDATA[${input.us}]]></ToUserName><Encrypt><![CDATA[${encrypt}]]></Encrypt></xml>`,
      msg_signature: crypt.getSignature(input.timestamp, input.nonce, encrypt),
    };
  },
  open() {
    const encrypt = element("Encrypt");
    const signature = crypt.getSignature(element("TimeStamp"), element("Nonce"), encrypt);
    return { ...crypt.decrypt(encrypt), signed: signature === element("MsgSignature") };
  },
};
process.stdout.write(JSON.stringify(steps[process.argv[2]]()));
