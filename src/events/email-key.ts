import { domainToASCII } from "node:url";

const ASCII = /^\p{ASCII}*$/u;

/**
 * What makes two e-mail addresses the same one: the local part exactly, since only its own mail server may say what it
 * means, and the domain as the name system knows it: its ASCII form (UTS 46), in which a composed and a decomposed letter
 * are one. A domain in ASCII is its own, in lower case. So is one that has no ASCII form, and to which no mail goes.
 */
export function emailKey(email: string): string {
  const { local, domain } = partsOf(email);
  return local + (ASCII.test(domain) ? domain.toLowerCase() : domainToASCII(domain) || domain.toLowerCase());
}

/** True when the domain is not written in ASCII. Earlier programs reserved such an address by its spelling, not its key. */
export function hasUnicodeDomain(email: string): boolean {
  return !ASCII.test(partsOf(email).domain);
}

/** The local part with its `@`, and the domain. */
function partsOf(email: string): { local: string; domain: string } {
  const at = email.lastIndexOf("@") + 1;
  return { local: email.slice(0, at), domain: email.slice(at) };
}
