output "helm_values" {
  description = "Values of Datadog's Helm chart."
  value       = yamlencode(local.values)
}

output "statsd_host" {
  description = "The agent of a pod's own node, for NIGHTLABEL_STATSD_HOST."
  value       = "${local.service}.${local.namespace}.svc.cluster.local"
}
