variable "name" {
  description = "Name of the place; everything is called by it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "3 to 20 small letters, digits and -, beginning with a letter: it becomes part of bucket and host names."
  }
}

variable "environment" {
  description = "What metrics are tagged with. In prod, what holds data refuses to be deleted."
  type        = string

  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "dev or prod."
  }
}

variable "account_id" {
  description = "AWS account, twelve digits; another one is refused."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "Twelve digits."
  }
}

variable "region" {
  description = "AWS region."
  type        = string

  validation {
    condition     = can(regex("^(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-[1-9]$", var.region))
    error_message = "A region such as sa-east-1; ARNs here are those of the public partition."
  }
}

variable "use_cases" {
  description = "Folders of the use cases, as `nightlabel usecases` lists them; each gets its own rights in the lake."
  type        = set(string)

  validation {
    condition     = length(var.use_cases) > 0 && alltrue([for name in var.use_cases : can(regex("^[a-z][a-z0-9_]*$", name))])
    error_message = "Name at least one: small letters, digits and _, no * and no /."
  }
}

variable "keep_versions_days" {
  description = "Days for which what was deleted or written over in the lake can be had back."
  type        = number
}

variable "inbox_writers" {
  description = "ARNs of the roles that bring new files."
  type        = list(string)

  validation {
    condition     = alltrue([for arn in var.inbox_writers : can(regex("^arn:aws:iam::[0-9]{12}:role/[^*?]+$", arn))])
    error_message = "Roles to the letter, such as arn:aws:iam::123456789012:role/exporter."
  }
}
