// Which links are to be seen.

export class Filter {
  attentions = new Set();
  text = "";
  namespace = "";

  get isOn() {
    return this.attentions.size > 0 || this.text !== "" || this.namespace !== "";
  }

  /** Whether text and namespace let it through: what the counts count. */
  finds(link, gateways) {
    if (this.namespace && link.namespace !== this.namespace) return false;
    if (!this.text) return true;
    const group = gateways.get(link.gateway)?.resourceGroup;
    const where = [link.gateway, link.peer].map((id) => gateways.get(id)?.name);
    const hay = [link.namespace, ...link.objects, link.site, ...where, group, link.policy, link.reason, link.tunnel, link.activity,
      ...(link.halves ?? []).map((half) => half.azureName)].join("\n").toLowerCase();
    return this.text.toLowerCase().split(/\s+/).every((word) => hay.includes(word));
  }

  shows(link, gateways) {
    return (this.attentions.size === 0 || this.attentions.has(link.attention)) && this.finds(link, gateways);
  }
}
