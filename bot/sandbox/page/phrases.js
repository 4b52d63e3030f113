// What each role is likely to say: a line and first hints of an empty chat, and chips above the input.
// A phrase that ends with a space waits for the rest; 「#」 stands for the case number last heard.

const REPORTS = ["幸福社区3号楼井盖破了", "楼道里有人给电动车飞线充电", "桃花村三组路灯不亮"];

const SAY = {
  resident: {
    line: "有事直接说，一句话就行，马上给您编号。",
    hints: REPORTS,
    chips: ["积分", "明细", "商品", "兑换 大米 1", "查询 #", "依据 #", "帮助"],
  },
  worker: {
    line: "报平安、签收、办结，都是一句话的事。",
    hints: ["报平安", "今日平安，3号楼井盖破损", "我的"],
    chips: ["报平安", "我的", "签收 #", "属实 #", "办结 # ", "自办 ", "积分", "帮助"],
  },
  village_staff: {
    line: "本村的待办和核查，一句话就办。",
    hints: ["帮助", "代报 王奶奶 13800000999 家门口积水"],
    chips: ["待办", "未报", "依据 #", "改类 # ", "属实 #", "核查 # 通过", "代报 ", "帮助"],
  },
  dispatcher: {
    line: "待办、派单、核查、结案，一句话一步。",
    hints: ["待办", "未报", "帮助"],
    chips: ["待办", "未报", "依据 #", "改类 # ", "派单 # ", "核查 # 通过", "结案 #", "帮助"],
  },
  department: {
    line: "派给本部门的事，在这里签收、办结。",
    hints: ["我的", "帮助"],
    chips: ["我的", "签收 #", "办结 # ", "帮助"],
  },
  leader: {
    line: "全镇的事，问一句就知道。",
    hints: ["待办", "帮助"],
    chips: ["待办", "未报", "查询 #", "帮助"],
  },
  shop: {
    line: "居民报取货码，您核销、交货。",
    hints: ["商品", "帮助"],
    chips: ["核销 ", "库存", "流水", "帮助"],
  },
  other: {
    line: "先看看能说什么。",
    hints: ["帮助"],
    chips: ["帮助", "积分", "查询 #"],
  },
};

const LIKE = {
  newcomer: "resident", volunteer: "resident", micro_leader: "worker",
  shop_manager: "shop", shop_supervisor: "shop", auditor: "other", admin: "other",
};

export const phrasesOf = (role) => SAY[role] ?? SAY[LIKE[role]];

// Remembers the number of the case named last, by the age of the line and not of its coming in.
export class LastNumber {
  id = 0;
  number = "";

  note(line) {
    const found = [...line.text.matchAll(/(?:编号|事件|待分拣|紧急|派单|签收|办结|核查|补充|疑似同一问题|答复待核|改类)[^\d\n]{0,4}(\d{3,})/g)];
    if (!found.length || line.id < this.id) return;
    Object.assign(this, { id: line.id, number: found.at(-1)[1] });
  }
}
