variable "admin_role_arns" {
  description = "Roles that administer the cluster."
  type        = list(string)

  validation {
    condition     = length(var.admin_role_arns) > 0
    error_message = "Name one at least: whoever makes the cluster has no rights in it."
  }
}

variable "boundary_arn" {
  description = "Permissions boundary of every role, as envs/account makes it; without it the role that applies makes none."
  type        = string

  validation {
    condition     = can(regex("^arn:aws:iam::${var.account_id}:policy/[^*?]+$", var.boundary_arn))
    error_message = "A policy of this account, to the letter: terraform output boundary_arns in envs/account."
  }
}

variable "launcher_principals" {
  description = "ARNs of the roles of an Airflow outside of the cluster, such as the execution role of MWAA."
  type        = list(string)
}

variable "cleaner_principals" {
  description = "ARNs of the roles of people or machines that clean."
  type        = list(string)
}

variable "github_provider_arn" {
  description = "The account's OIDC provider of GitHub, of which there can be one; empty makes it."
  type        = string
  default     = ""
}

variable "ci_subjects" {
  description = "Subjects of GitHub's tokens that may push images, to the letter."
  type        = list(string)
}

variable "reader_subjects" {
  description = "Subjects of GitHub's tokens that may read data sets and experiments, to the letter."
  type        = list(string)
}

variable "datadog" {
  description = "Datadog's site, whom to tell, and the promise; null for a place without Datadog."
  type = object({
    site              = string
    urgent            = string
    calm              = string
    slo_percent       = number
    deadline_seconds  = number
    quarantined_share = number
  })
  default = null
}

variable "budget" {
  description = "US dollars a month, and who is told."
  type        = object({ usd = number, emails = list(string) })
}
