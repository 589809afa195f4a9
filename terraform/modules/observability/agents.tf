# The agents are installed by Datadog's Helm chart, because Terraform does not reach the private cluster.

locals {
  service   = "datadog-agent"
  namespace = "datadog"

  values = {
    datadog = {
      site                 = var.site
      clusterName          = var.cluster
      apiKeyExistingSecret = "datadog"
      tags                 = local.tags
      dogstatsd            = { port = 8125, useHostPort = false, nonLocalTraffic = true }
      logs                 = { enabled = true, containerCollectAll = true }
      apm                  = { socketEnabled = false, portEnabled = false }
      processAgent         = { enabled = false, processCollection = false }
    }
    agents = {
      localService = { overrideName = local.service }
    }
    clusterAgent = {
      replicas = 2
    }
  }
}
