// 企业微信's side of a 智能机器人, with npm @wecom/crypto: `seal` a push, `open` the reply.
// JSON on stdin, JSON on stdout; the receiver is always "".
const { decrypt, encrypt, getSignature } = require("@wecom/crypto");
const input = JSON.parse(require("fs").readFileSync(0, "utf8"));

const steps = {
  seal() {
    const sealed = encrypt(input.key, input.message, "");
    return {
      body: JSON.stringify({ encrypt: sealed }),
      encrypt: sealed,
      msg_signature: getSignature(input.token, input.timestamp, input.nonce, sealed),
    };
  },
  open() {
    const outer = JSON.parse(input.body);
    const signature = getSignature(input.token, outer.timestamp, outer.nonce, outer.encrypt);
    const { message, id } = decrypt(input.key, outer.encrypt);
    return { message, id, signed: signature === outer.msgsignature };
  },
};
process.stdout.write(JSON.stringify(steps[process.argv[2]]()));
