# What people are woken for, and what waits until the morning. The monitors stand once, in observability/datadog;
# here are the words that differ between places.

locals {
  scope = "environment:${var.environment}"
  tags  = [local.scope, "service:nightlabel"]

  definitions = "${path.module}/../../../observability/datadog"
  words = {
    environment       = var.environment
    urgent            = var.urgent
    calm              = var.calm
    runbook           = var.runbook
    quarantined_share = var.quarantined_share
    deadline_seconds  = var.deadline_seconds
    slo_percent       = var.slo_percent
  }

  monitors = {
    for file in fileset("${local.definitions}/monitors", "*.json") :
    trimsuffix(file, ".json") => jsondecode(templatefile("${local.definitions}/monitors/${file}", local.words))
  }
  slo = jsondecode(templatefile("${local.definitions}/slo.json", local.words))
}

resource "datadog_monitor" "this" {
  for_each = local.monitors

  type     = each.value.type
  name     = each.value.name
  message  = each.value.message
  query    = each.value.query
  priority = tostring(each.value.priority)
  tags     = each.value.tags

  include_tags      = each.value.options.include_tags
  renotify_interval = each.value.options.renotify_interval
  notify_no_data    = each.value.options.notify_no_data
  no_data_timeframe = lookup(each.value.options, "no_data_timeframe", null)

  monitor_thresholds {
    ok       = lookup(each.value.options.thresholds, "ok", null)
    warning  = lookup(each.value.options.thresholds, "warning", null)
    critical = each.value.options.thresholds.critical
  }
}

# The promise: the labels stand when they are due. The watch looks every ten minutes.
resource "datadog_service_level_objective" "deadline" {
  name        = local.slo.name
  type        = local.slo.type
  description = local.slo.description
  monitor_ids = [for name in local.slo.monitors : tonumber(datadog_monitor.this[name].id)]
  tags        = local.slo.tags

  thresholds {
    timeframe = local.slo.thresholds[0].timeframe
    target    = tonumber(local.slo.thresholds[0].target)
    warning   = var.slo_percent + (100 - var.slo_percent) / 2
  }
}
