variable "environment" {
  description = "NIGHTLABEL_ENVIRONMENT, which all metrics carry."
  type        = string
}

variable "cluster" {
  description = "Name of the cluster."
  type        = string
}

variable "site" {
  description = "Datadog's site, such as datadoghq.eu."
  type        = string

  validation {
    condition     = contains(["datadoghq.com", "datadoghq.eu", "us3.datadoghq.com", "us5.datadoghq.com", "ap1.datadoghq.com", "ap2.datadoghq.com", "ddog-gov.com"], var.site)
    error_message = "Name one of Datadog's sites."
  }
}

variable "urgent" {
  description = "Whom to wake, as Datadog writes it: @pagerduty-nights."
  type        = string

  validation {
    condition     = startswith(var.urgent, "@")
    error_message = "A handle of Datadog begins with @."
  }
}

variable "calm" {
  description = "Whom to tell in the morning: @slack-ml."
  type        = string

  validation {
    condition     = startswith(var.calm, "@")
    error_message = "A handle of Datadog begins with @."
  }
}

variable "runbook" {
  description = "Address of docs/operations.md where people read it; every message leads there."
  type        = string
  default     = "docs/operations.md"
}

variable "slo_percent" {
  description = "Share of the time in which no due labels are missing, percent."
  type        = number

  validation {
    condition     = var.slo_percent >= 90 && var.slo_percent < 100
    error_message = "From 90 to below 100."
  }
}

variable "deadline_seconds" {
  description = "Longest night of all use cases, seconds from the plan."
  type        = number
}

variable "quarantined_share" {
  description = "Share of a night's records in quarantine that people are told of."
  type        = number

  validation {
    condition     = var.quarantined_share > 0 && var.quarantined_share < 1
    error_message = "A share between 0 and 1."
  }
}
