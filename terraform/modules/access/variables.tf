variable "name" {
  description = "Name of the place and of its cluster."
  type        = string
}

variable "account_id" {
  description = "AWS account, twelve digits."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "bucket" {
  description = "Bucket of the lake."
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

variable "namespace" {
  description = "Namespace of the pods."
  type        = string
}

variable "launcher_principals" {
  description = "ARNs of the roles that an Airflow outside of the cluster has; empty where it runs inside."
  type        = list(string)
}

variable "cleaner_principals" {
  description = "ARNs of the roles of people or machines that clean."
  type        = list(string)

  validation {
    condition     = length(var.cleaner_principals) > 0 && alltrue([for arn in var.cleaner_principals : can(regex("^arn:aws:iam::[0-9]{12}:role/[^*?]+$", arn))])
    error_message = "Name at least one role to the letter, such as arn:aws:iam::123456789012:role/data-steward."
  }
}

variable "images" {
  description = "Names of the images that CI pushes."
  type        = set(string)
}

variable "github_provider_arn" {
  description = "The account's OIDC provider of GitHub, of which there can be one; empty makes it."
  type        = string
}

variable "ci_subjects" {
  description = "Subjects of GitHub's tokens that may push images."
  type        = list(string)

  validation {
    condition = length(var.ci_subjects) > 0 && alltrue([for subject in var.ci_subjects :
      can(regex("^repo:[A-Za-z0-9-]+/[A-Za-z0-9._-]+:(environment:[A-Za-z0-9._-]+|ref:refs/(heads|tags)/[A-Za-z0-9._/-]+)$", subject))
    ])
    error_message = "Name exact subjects, such as repo:owner/name:ref:refs/heads/main or repo:owner/name:environment:prod; no pull requests, no * and no ?."
  }
}

variable "reader_subjects" {
  description = "Subjects of GitHub's tokens that may read data sets and experiments."
  type        = list(string)

  validation {
    condition     = length(var.reader_subjects) > 0 && alltrue([for subject in var.reader_subjects : can(regex("^repo:[A-Za-z0-9-]+/[A-Za-z0-9._-]+:(pull_request|environment:[A-Za-z0-9._-]+)$", subject))])
    error_message = "Name exact subjects, such as repo:owner/name:pull_request; no * and no ?."
  }
}

variable "boundary_arn" {
  description = "Permissions boundary of every role."
  type        = string
}
