import { domainToASCII } from "node:url";

/** What a local part is made of between its dots: RFC 5322's atom characters, or any visible character beyond ASCII (RFC 6531). */
const ATOM = /^(?:[\w!#$%&'*+/=?^`{|}~-]|[^\p{ASCII}\p{C}\p{Z}])+$/u;

/** A label of a domain's name: letters and digits of any script, with hyphens only inside. */
const LABEL = /^[\p{L}\p{N}\p{M}-]{1,63}$/u;

const NUMBER = /^\d+$/;

/** RFC 1035 section 2.3.4, in octets. */
const LONGEST_LABEL = 63;

/** RFC 5321 section 4.5.3.1, in octets: a local part, and a whole path without its angle brackets. */
const LONGEST_LOCAL_PART = 64;
const LONGEST_ADDRESS = 254;

/**
 * True for an address that mail can be sent to over the internet: `local@domain` with a dotted domain name, in any script.
 * Quoted local parts and address literals, which the mail standard knows too, are not taken: hardly anybody has one, and
 * much software cannot write to them.
 */
export function isEmailAddress(text: string): boolean {
  if (text.length > LONGEST_ADDRESS || Buffer.byteLength(text) > LONGEST_ADDRESS) return false;
  const at = text.lastIndexOf("@");
  const local = text.slice(0, Math.max(0, at));
  const domain = text.slice(at + 1);
  const labels = domain.split(".");
  return (
    Buffer.byteLength(local) <= LONGEST_LOCAL_PART &&
    local.split(".").every((atom) => ATOM.test(atom)) &&
    labels.length >= 2 &&
    labels.every((label) => LABEL.test(label) && !label.startsWith("-") && !label.endsWith("-")) &&
    // As the name system has it, which is longer (RFC 5891 section 4.2.4); empty when there is no such form.
    domainToASCII(domain)
      .split(".")
      .every((label) => label.length <= LONGEST_LABEL) &&
    !NUMBER.test(labels.at(-1) ?? "")
  );
}
