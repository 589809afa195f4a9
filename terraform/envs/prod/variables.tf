# What differs from one company to the next; what differs between dev and prod stands in main.tf.

variable "account_id" {
  description = "AWS account, twelve digits; another one is refused."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "zones" {
  description = "Three availability zones of the region."
  type        = list(string)
}

variable "use_cases" {
  description = "Folders of the use cases."
  type        = set(string)
}

variable "domain" {
  description = "Domain of the pages: mlflow.DOMAIN and drift.DOMAIN."
  type        = string
}

variable "certificate_arn" {
  description = "Certificate for *.DOMAIN."
  type        = string
}

variable "people_cidrs" {
  description = "Private addresses from which people reach the network."
  type        = list(string)
}

variable "admin_role_arns" {
  description = "Roles that administer the cluster."
  type        = list(string)
}

variable "cleaner_principals" {
  description = "ARNs of the roles that may clean."
  type        = list(string)
}

variable "inbox_writers" {
  description = "ARNs of the roles that bring new files."
  type        = list(string)
  default     = []
}

variable "launcher_principals" {
  description = "ARNs of the roles of an Airflow outside of the cluster."
  type        = list(string)
  default     = []
}

variable "ci_subjects" {
  description = "Subjects of GitHub's tokens that may push images."
  type        = list(string)
}

variable "boundary_arn" {
  description = "Permissions boundary of every role, as envs/account makes it."
  type        = string
}

variable "github_provider_arn" {
  description = "The account's OIDC provider of GitHub, as envs/account makes it; empty makes one."
  type        = string
  default     = ""
}

variable "label_image" {
  description = "Image of the labelling pods, by digest."
  type        = string
  default     = ""
}

variable "training_image" {
  description = "Image of experiments and drift, by digest."
  type        = string
  default     = ""
}

variable "airflow_image" {
  description = "Image `airflow`, which holds the MLflow server, by digest."
  type        = string
  default     = ""
}

variable "secrets_version" {
  description = "Raise it by one, and MLflow's passwords are new."
  type        = number
  default     = 1
}

variable "budget" {
  description = "US dollars a month, and who is told."
  type        = object({ usd = number, emails = list(string) })
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
