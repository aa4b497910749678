import { Collection } from "../../core/collection.js";
import { BaseModel, defineModel } from "../../core/model.js";
import { define } from "../../loader.js";

/** Buttons below a text. They are models of a collection in the page, and plain data on the wire and in the database. */

class TemplateButtonModel extends BaseModel {}
defineModel(TemplateButtonModel, "template-button", ["id", "displayText", "url", "phoneNumber", "selectionId", "subtype"]);

class TemplateButtonCollection extends Collection {
  static model = TemplateButtonModel;
}

/**
 * Buttons as they came over the wire or out of the database.
 *
 * @param {any} buttons
 * @returns {any} the collection the libraries expect; what is no list of buttons, as it is
 */
export function reviveButtons(buttons) {
  if (!Array.isArray(buttons) || !buttons.every((button) => button && typeof button === "object")) return buttons;
  return new TemplateButtonCollection(buttons.map((button, index) => ({ id: String(index), ...button })));
}

export function defineButtons() {
  define("WAWebTemplateButtonModel", { default: TemplateButtonModel });
  define("WAWebTemplateButtonCollection", { TemplateButtonCollection });
}
