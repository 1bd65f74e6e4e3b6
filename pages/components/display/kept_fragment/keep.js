// The way through a sign-in loses what stands behind the # of an address. A result of ours is kept by this tab of the
// browser until the page after the sign-in asks for it.

export default function show({ data }) {
  const fragment = location.hash.slice(1);
  if (fragment.startsWith(data.prefix)) sessionStorage.setItem(data.name, fragment.slice(0, data.limit));
}
