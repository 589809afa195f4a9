variable "name" {
  description = "Name of the place; the buckets are called by it and the account."
  type        = string
}

variable "account_id" {
  description = "AWS account, twelve digits."
  type        = string
}

variable "prefix" {
  description = "Prefix of the lake's root in its bucket."
  type        = string
}

variable "use_cases" {
  description = "Folders of the use cases."
  type        = set(string)
}

variable "keep_versions_days" {
  description = "Days for which what was deleted or written over can be had back."
  type        = number

  validation {
    condition     = var.keep_versions_days >= 7 && floor(var.keep_versions_days) == var.keep_versions_days
    error_message = "Seven days or more: an error is found on the next working day, not at once."
  }
}

variable "cleaner_role_arn" {
  description = "The one role that may delete."
  type        = string
}

variable "inbox_writers" {
  description = "ARNs of the roles that bring new files."
  type        = list(string)
}

variable "key_arn" {
  description = "Key of MLflow's artifacts."
  type        = string
}
