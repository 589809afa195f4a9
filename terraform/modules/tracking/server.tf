# The MLflow server: one container behind the entrance, the image and the program of docker-compose.airflow.yaml,
# told by variables alone (servers/README.md). Artifacts go through it, so no pod needs a right in their bucket. It
# asks everybody for a password.

locals {
  enabled = var.image == "" ? toset([]) : toset(["mlflow"]) # the first apply makes the registry, the image comes after
  host    = "mlflow.${var.domain}"
  port    = 5000
  store   = "postgresql+psycopg2:///mlflow" # where and by which password stands in PG*; MLflow keeps users and runs apart

  environment = {
    MLFLOW_HOST                         = "0.0.0.0"
    MLFLOW_PORT                         = tostring(local.port)
    MLFLOW_WORKERS                      = "2"
    MLFLOW_SERVER_ALLOWED_HOSTS         = local.host # which the entrance hands on; /health is answered to its own checks too
    MLFLOW_BACKEND_STORE_URI            = local.store
    MLFLOW_AUTH_DATABASE_URI            = local.store
    MLFLOW_AUTH_CONFIG_PATH             = "/tmp/mlflow-sign-in.ini"
    MLFLOW_ARTIFACTS_DESTINATION        = "s3://${var.artifacts_bucket}/"
    MLFLOW_ALLOW_PICKLE_DESERIALIZATION = "false"
    AWS_DEFAULT_REGION                  = var.region
    PGHOST                              = aws_db_instance.this.address
    PGUSER                              = "mlflow"
    PGSSLMODE                           = "require"
    SECRETS_VERSION                     = tostring(var.secrets_version) # a new one starts the server anew
  }

  secret_variables = {
    PGPASSWORD                     = "database"
    MLFLOW_AUTH_ADMIN_PASSWORD     = "admin"
    MLFLOW_FLASK_SERVER_SECRET_KEY = "session"
  }
}

resource "aws_ecs_cluster" "this" {
  name = "${var.name}-mlflow"

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "this" {
  for_each = local.enabled

  family                   = "${var.name}-mlflow"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.size.cpu
  memory                   = var.size.memory_mb
  execution_role_arn       = aws_iam_role.start.arn
  task_role_arn            = aws_iam_role.server.arn

  container_definitions = jsonencode([{
    name                   = "mlflow"
    image                  = var.image
    essential              = true
    user                   = "10001:10001"
    readonlyRootFilesystem = true
    command                = ["python", "-m", "servers.mlflow_server"]
    environment            = [for name, value in local.environment : { name = name, value = value }]
    secrets                = [for name, key in local.secret_variables : { name = name, valueFrom = aws_secretsmanager_secret.this[key].arn }]
    portMappings           = [{ containerPort = local.port, protocol = "tcp" }]
    linuxParameters = {
      capabilities       = { drop = ["ALL"] }
      initProcessEnabled = true
      tmpfs              = [{ containerPath = "/tmp", size = floor(var.size.memory_mb / 4) }] # a volume would be root's
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.server.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "mlflow"
      }
    }
  }])

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }
}

resource "aws_ecs_service" "this" {
  for_each = local.enabled

  name                               = "mlflow"
  cluster                            = aws_ecs_cluster.this.id
  task_definition                    = aws_ecs_task_definition.this[each.value].arn
  launch_type                        = "FARGATE"
  desired_count                      = 1
  deployment_minimum_healthy_percent = 100
  health_check_grace_period_seconds  = 180

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.server.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = "mlflow"
    container_port   = local.port
  }

  depends_on = [aws_lb_listener_rule.this, aws_secretsmanager_secret_version.this]
}

resource "aws_cloudwatch_log_group" "server" {
  name              = "/${var.name}/mlflow"
  retention_in_days = 365
  kms_key_id        = var.key_arn
}
