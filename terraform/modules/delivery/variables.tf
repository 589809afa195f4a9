variable "name" {
  description = "What the roles and policies are called by; no place may be called so."
  type        = string
}

variable "account_id" {
  description = "AWS account, twelve digits."
  type        = string
}

variable "region" {
  description = "AWS region of the places."
  type        = string
}

variable "repository" {
  description = "The repository whose workflows plan and apply, as GitHub writes it."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "Write owner/name, to the letter; no * and no ?."
  }
}

variable "places" {
  description = "Name of each place by its folder in envs/."
  type        = map(string)

  validation {
    condition = length(var.places) > 0 && alltrue([for environment, place in var.places :
      contains(["dev", "prod"], environment) && can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", place)) && !startswith("${var.name}-", "${place}-")
    ])
    error_message = "Name dev, prod or both, each as its main.tf does; a name that these roles' names begin with would let a place change them."
  }
}

variable "state_bucket" {
  description = "Bucket of Terraform's states."
  type        = string
}
