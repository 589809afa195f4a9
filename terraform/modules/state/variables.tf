variable "name" {
  description = "What the bucket is called by, with the account."
  type        = string
}

variable "account_id" {
  description = "AWS account, twelve digits."
  type        = string
}

variable "keep_versions_days" {
  description = "Days for which older states can be had back, beside the last twenty."
  type        = number

  validation {
    condition     = var.keep_versions_days >= 30 && floor(var.keep_versions_days) == var.keep_versions_days
    error_message = "Thirty days or more, whole ones: that a state is wrong shows at the next change, not at once."
  }
}
