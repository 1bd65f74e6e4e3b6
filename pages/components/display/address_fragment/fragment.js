// Browsers keep what stands behind the # of an address to themselves. Where it is a result of ours, it is handed to the
// page once, and taken out of the address, so that a reload or a copied address does not carry it on unseen. Where a
// sign-in lay between, the tab has kept it.

let handedOver = 0; // what was handed over so far is counted: the same link may come twice

export default function show({ data, setTriggerValue }) {
  const look = (expected) => {
    const fragment = location.hash.slice(1) || (expected && sessionStorage.getItem(data.kept)) || "";
    sessionStorage.removeItem(data.kept);
    const found = fragment.startsWith(data.prefix);
    if (!found && (!expected || handedOver > 0)) return; // taken out of the address before, or never there
    if (found) history.replaceState(history.state, "", location.pathname + location.search);
    handedOver += 1;
    setTriggerValue("received", { fragment: found ? fragment.slice(0, data.limit) : "", count: handedOver });
  };
  const changed = () => look(false);
  look(data.expected);
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}
